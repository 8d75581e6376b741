// Builds dist: the declarations of the public API by tsc, and one CommonJS file an entry. One copy of every class, so that
// `instanceof` works, in lines that a person can read: a stack trace and "go to definition" land in code.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';

const parts = ['router', 'nestjs', 'testing', 'nodemailer', 'twilio', 'webauthn'];
const entries = ['index', ...parts.map((part) => `${part}/index`)].filter((entry) => existsSync(`lib/${entry}.ts`));

/** Comments are for the sources: esbuild would keep some of them. */
const withoutComments = {
  name: 'without-comments',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const compilerOptions = {
        target: 'ES2022',
        module: 'ESNext',
        removeComments: true,
        verbatimModuleSyntax: false,
        experimentalDecorators: true,
      };
      return { contents: ts.transpileModule(readFileSync(path, 'utf8'), { compilerOptions }).outputText, loader: 'js' };
    }),
};

rmSync('dist', { recursive: true, force: true });
execFileSync(
  process.execPath,
  [resolve('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--emitDeclarationOnly'],
  {
    stdio: 'inherit',
  },
);
for (const entry of entries) {
  await build({
    entryPoints: [`lib/${entry}.ts`],
    outfile: `dist/${entry}.js`,
    bundle: true,
    packages: 'external',
    // The other entries use the main one as an app does, and share its classes.
    external: ['passport-two-factor'],
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    legalComments: 'none',
    plugins: [withoutComments],
  });
  indentByTabs(`dist/${entry}.js`, 2);
}

/** Indents by tabs in place of spaces, which are a tenth of the package; lines inside of a template are its text. */
function indentByTabs(path, width) {
  const text = readFileSync(path, 'utf8');
  const templates = [];
  const look = (node) => {
    if (ts.isTemplateLiteralToken(node)) templates.push([node.getStart(source), node.end]);
    ts.forEachChild(node, look);
  };
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022);
  look(source);
  const tabs = (spaces, at) =>
    templates.some(([start, end]) => start < at && at < end) ? spaces : '\t'.repeat(spaces.length / width);
  writeFileSync(path, text.replace(new RegExp(`^(?: {${width}})+`, 'gm'), tabs));
}

// Declarations of internals that no public one names are left out.
const reached = new Set();
const follow = (file) => {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)\.js'/g))
    follow(resolve(dirname(file), `${path}.d.ts`));
};
for (const entry of entries) follow(resolve(`dist/${entry}.d.ts`));
const prune = (folder) => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) prune(path);
    else if (!path.endsWith('.d.ts')) continue;
    else if (!reached.has(path)) rmSync(path);
    else indentByTabs(path, 4);
  }
  if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
};
prune(resolve('dist'));
