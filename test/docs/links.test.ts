import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, project, read } from './markdown.js';

const examples = readdirSync(join(project, 'examples'))
  .map((name) => `examples/${name}/README.md`)
  .filter((file) => existsSync(join(project, file)));
const pages = [...documents, 'SECURITY.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...examples];

const prose = (file: string): string => read(file).replace(/^ *```[^]*?^ *```$/gm, '');

/** As the sites that show Markdown make them of headings. */
const anchorsOf = (file: string): string[] =>
  [...prose(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** The links of a page that lead into the project, as paths from its root. */
function linksOf(file: string): { path: string; anchor: string }[] {
  const targets = [...prose(file).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
  return targets.map((target) => {
    const [path, anchor = ''] = target.split('#') as [string, string?];
    return { path: path === '' ? file : join(dirname(file), path), anchor };
  });
}

describe('the links of the documents', () => {
  it.each(pages)('lead somewhere: %s', (file) => {
    const broken = linksOf(file).filter(
      ({ path, anchor }) => !existsSync(join(project, path)) || (anchor !== '' && !anchorsOf(path).includes(anchor)),
    );
    expect(broken).toEqual([]);
  });

  it('reach every guide and every example from the README', () => {
    const reached = linksOf('README.md').map(({ path }) => path);
    const guides = documents.filter((file) => file.startsWith('docs/'));
    expect(guides.length).toBeGreaterThan(9);
    expect(guides.filter((file) => !reached.includes(file))).toEqual([]);
    // By name: they are not in the package, from which a link would lead nowhere.
    expect(
      examples.map((file) => dirname(file)).filter((folder) => !read('README.md').includes(`\`${folder}\``)),
    ).toEqual([]);
  });

  it('show pictures that are small', () => {
    const pictures = pages
      .flatMap(linksOf)
      .map(({ path }) => path)
      .filter((path) => /\.(png|svg)$/.test(path));
    expect(pictures.length).toBeGreaterThan(3);
    expect(pictures.filter((path) => statSync(join(project, path)).size > 60_000)).toEqual([]);
    expect(
      readdirSync(join(project, 'docs/images')).filter((name) => !pictures.includes(`docs/images/${name}`)),
    ).toEqual([]);
  });
});
