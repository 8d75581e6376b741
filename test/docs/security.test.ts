import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { project, sectionOf } from './markdown.js';

const attacks = join(project, 'test/attacks');
const areas = ['skipping', 'binding', 'guessing', 'types', 'life-of-a-factor', 'leaks', 'pending-token'];

/** The numbers that titles of tests begin with, in the files of an area. */
function numbersOf(area: string): Set<string> {
  const files = readdirSync(attacks).filter(
    (name) => name.endsWith('.test.ts') && (name.startsWith(`${area}.`) || name.startsWith(`${area}-`)),
  );
  const sources = files.map((name) => readFileSync(join(attacks, name), 'utf8'));
  const titles = sources.flatMap((source) =>
    [...source.matchAll(/['"`]((?:\d+[a-z]?, )*\d+[a-z]?)[:,] /g)].map(([, numbers]) => numbers!),
  );
  return new Set(titles.flatMap((title) => title.split(', ')));
}

interface Citation {
  readonly area: string;
  readonly number: string;
}

const rows = sectionOf('SECURITY.md', '## Requirements')
  .split('\n')
  .filter((line) => /^\| .*\|$/.test(line) && !line.includes('---'));
const cited = rows.flatMap((row) =>
  row
    .split('|')
    .at(-2)!
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'Shown by'),
);
const numbered = cited.filter((part) => !part.startsWith('test/'));
const citations = numbered.flatMap((part): Citation[] => {
  const [, area, numbers] = /^([a-z-]+) ([\d, ]+)$/.exec(part) ?? [];
  if (area === undefined) throw new Error(`SECURITY.md cites "${part}"`);
  return numbers!.split(', ').map((number) => ({ area, number }));
});

describe('the tests that SECURITY.md cites', () => {
  it.each([...new Set(citations.map(({ area }) => area))])('are there: %s', (area) => {
    const there = numbersOf(area);
    const missing = citations.filter((one) => one.area === area && !there.has(one.number)).map(({ number }) => number);
    expect(missing).toEqual([]);
  });

  it('are of these areas, or files that exist', () => {
    expect(citations.length).toBeGreaterThan(50);
    expect([...new Set(citations.map(({ area }) => area))].filter((area) => !areas.includes(area))).toEqual([]);
    expect(cited.filter((part) => part.startsWith('test/') && !existsSync(join(project, part)))).toEqual([]);
  });
});
