import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, documents, project, type Block } from './markdown.js';

/** Blocks that are not code of an app: shells, answers, quoted messages. */
const otherLanguages = ['sh', 'json', 'http', 'sql', 'text', 'html', 'css'];

interface Snippet {
  readonly block: Block;
  readonly path: string;
}

let folder: string;
let snippets: Snippet[];
let problems: string[];

/** A diff is two programs: what is there before, and what is there after. */
function programsOf({ language, lines }: Block): string[][] {
  if (language !== 'diff') return [[...lines]];
  return ['+', '-'].map((other) => lines.map((line) => (line.startsWith(other) ? '' : line.slice(1))));
}

/** Writes a block so that each of its lines has the number that it has in the document. */
function write(block: Block): Snippet[] {
  const extension = block.language === 'js' ? 'mjs' : 'mts';
  return programsOf(block).map((lines, index) => {
    const path = join(folder, block.context, `${block.file.replace(/\W/g, '_')}_${block.line}_${index}.${extension}`);
    mkdirSync(join(folder, block.context), { recursive: true });
    // A file with an export is a module: its names are its own, and it may await.
    writeFileSync(path, `${'\n'.repeat(block.line - 1)}${lines.join('\n')}\nexport {};\n`);
    return { block, path };
  });
}

const parsed = new Map<string, ts.SourceFile | undefined>();

/** What the compiler says of the files of one context, as `file:line message`. */
function check(context: string, files: readonly Snippet[]): string[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(project, 'tsconfig.json'),
    {
      noUnusedLocals: false,
      noUnusedParameters: false,
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
    },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '));
      },
    },
  )!;
  const host = ts.createCompilerHost(config.options);
  const readSource = host.getSourceFile.bind(host);
  // Every context needs the same declarations of the packages: they are parsed once.
  host.getSourceFile = (name, ...rest) => {
    if (name.startsWith(folder)) return readSource(name, ...rest);
    if (!parsed.has(name)) parsed.set(name, readSource(name, ...rest));
    return parsed.get(name);
  };
  const roots = files.map(({ path }) => path);
  if (context !== 'none') {
    const globals = join(folder, context, 'context.ts');
    writeFileSync(globals, readFileSync(join(__dirname, 'contexts', `${context}.ts.txt`)));
    roots.push(globals);
  }
  const program = ts.createProgram(roots, config.options, host);
  const diagnostics = roots.flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  return diagnostics.map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, ' ');
    if (!file) return message;
    const { line } = ts.getLineAndCharacterOfPosition(file, start ?? 0);
    const document = files.find(({ path }) => path === file.fileName)?.block.file ?? relative(project, file.fileName);
    return `${document}:${line + 1} ${message}`;
  });
}

beforeAll(() => {
  mkdirSync(join(project, 'test/.artifacts'), { recursive: true });
  // Inside the project, so that packages and the tsconfig's paths resolve as they do for an app.
  folder = mkdtempSync(join(project, 'test/.artifacts/docs-'));
  const code = documents.flatMap(blocksOf).filter(({ language }) => !otherLanguages.includes(language));
  snippets = code.flatMap(write);
  const contexts = new Set(code.map(({ context }) => context));
  problems = [...contexts].flatMap((context) =>
    check(
      context,
      snippets.filter(({ block }) => block.context === context),
    ),
  );
}, 180_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the code in the documents', () => {
  it.each(documents)('type-checks: %s', (file) => {
    expect(problems.filter((problem) => problem.startsWith(`${file}:`))).toEqual([]);
  });

  it('has no other mistakes, and none in what its fragments take for granted', () => {
    expect(problems.filter((problem) => !documents.some((file) => problem.startsWith(`${file}:`)))).toEqual([]);
  });

  it('is there in the README and in every guide, in a language that is known', () => {
    const guides = ['adopting', 'delivery', 'json-spa', 'jwt', 'moving', 'oauth', 'policy', 'rotation', 'router'].map(
      (name) => `docs/${name}.md`,
    );
    const withCode = new Set(snippets.map(({ block }) => block.file));
    expect([...withCode]).toEqual(expect.arrayContaining(['README.md', ...guides]));
    expect(
      snippets
        .filter(({ block }) => !['ts', 'js', 'diff'].includes(block.language))
        .map(({ block }) => `${block.file}:${block.line} ${block.language}`),
    ).toEqual([]);
  });

  it('adds the second factor to an existing app by less than ten lines', () => {
    const [diff] = blocksOf('README.md').filter(({ language }) => language === 'diff');
    const changed = diff!.lines.filter((line) => /^[+-]/.test(line));
    expect(changed.length).toBeGreaterThan(0);
    expect(changed.length).toBeLessThan(10);
  });
});
