import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const project = resolve(__dirname, '../..');

export const read = (file: string): string => readFileSync(join(project, file), 'utf8');

/** The documents whose code is checked. */
export const documents: readonly string[] = [
  'README.md',
  ...readdirSync(join(project, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export interface Block {
  readonly file: string;
  /** Of the first line of code, from 1. */
  readonly line: number;
  readonly language: string;
  /** Names the file in contexts/ that declares what the block takes for granted, by a comment above its fence. */
  readonly context: string;
  readonly lines: readonly string[];
}

export function blocksOf(file: string): Block[] {
  const lines = read(file).split('\n');
  const blocks: Block[] = [];
  let context = 'none';
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    const named = /^<!-- context: (\S+) -->$/.exec(line)?.[1];
    const language = /^```(\w*)$/.exec(line)?.[1];
    if (named !== undefined) context = named;
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    if (end < 0) throw new Error(`${file}:${at + 1}: the block does not end`);
    blocks.push({ file, line: at + 2, language, context, lines: lines.slice(at + 1, end) });
    context = 'none';
    at = end;
  }
  return blocks;
}

/** The blocks of a language under a heading, up to the next one of the same or a higher level. */
export function blocksIn(file: string, heading: string, language = 'ts'): Block[] {
  const lines = read(file).split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`${file} has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const blocks = blocksOf(file).filter(({ line }) => line > start);
  const isCode = (at: number): boolean =>
    blocks.some(({ line, lines: { length } }) => at + 1 >= line && at + 1 < line + length);
  const end = lines.findIndex(
    (line, at) => at > start && /^#+ /.test(line) && line.indexOf(' ') <= level && !isCode(at),
  );
  return blocks.filter((block) => block.language === language && (end < 0 || block.line <= end));
}

/** The text under a heading, up to the next one of the same or a higher level, without its blocks of code. */
export function sectionOf(file: string, heading: string): string {
  const lines = read(file)
    .replace(/^```[^]*?^```$/gm, '')
    .split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`${file} has no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const end = lines.findIndex((line, at) => at > start && /^#+ /.test(line) && line.indexOf(' ') <= level);
  return lines.slice(start + 1, end < 0 ? undefined : end).join('\n');
}

/** The cells of the rows of the nth table of a text, without its head. */
export function tableOf(text: string, nth = 0): string[][] {
  const tables = text
    .split(/\n(?!\|)/)
    .map((part) => part.split('\n').filter((line) => line.startsWith('|')))
    .filter((rows) => rows.length > 0);
  const rows = tables[nth];
  if (rows === undefined) throw new Error('There is no such table.');
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in backquotes. */
export const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
