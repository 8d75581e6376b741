import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const project = resolve(__dirname, '../..');
const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};

const errorClasses = [
  'DeliveryFailedError',
  'EnrollmentRequiredError',
  'InvalidBackupCodeError',
  'InvalidCredentialsError',
  'InvalidInputError',
  'InvalidTwoFactorCodeError',
  'SealedDataError',
  'SecondFactorRequiredError',
  'StepUpRequiredError',
  'TooManyAttemptsError',
  'TwoFactorAlreadyEnabledError',
  'TwoFactorError',
  'TwoFactorExpiredError',
  'TwoFactorNotSetupError',
  'TwoFactorNotVerifiedError',
  'TwoFactorSetupIncompleteError',
  'UserNotLoggedInError',
];
const functions = [
  ...errorClasses,
  'SecondFactorStrategy',
  'TwoFactorService',
  'TwoFactorStrategy',
  'generateKey',
  'requireSecondFactor',
  'secondFactorErrorHandler',
  'twoFactorAuth',
  'twoFactorEntities',
  'twoFactorMigrations',
];
const exported = [...functions, 'TwoFactorMechanism'].sort();

let folder: string;
let files: string[];

/** An app with the packed package installed, and of its dependencies those named: no network, no install. */
function installIn(name: string, packages: Record<string, string>): string {
  const app = join(folder, name);
  cpSync(join(folder, 'package'), join(app, 'node_modules/passport-two-factor'), { recursive: true });
  for (const [as, source] of Object.entries(packages)) {
    const link = join(app, 'node_modules', as);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(project, 'node_modules', source), link, 'dir');
  }
  return app;
}

const named = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, name]));
const installed = (): Record<string, string> => named(...Object.keys({ ...dependencies, ...peerDependencies }));

/** Runs a script in a process of its own and parses what it prints. */
function run(app: string, file: string, source: string): unknown {
  writeFileSync(join(app, file), source);
  return JSON.parse(execFileSync(process.execPath, ['--throw-deprecation', file], { cwd: app, encoding: 'utf8' }));
}

beforeAll(() => {
  if (!existsSync(join(project, 'dist/index.js'))) throw new Error('There is no dist folder to pack: npm run build makes it.');
  folder = mkdtempSync(join(tmpdir(), 'two-factor-pack-'));
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: project });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  execFileSync('tar', ['-xzf', tarball], { cwd: folder });
  files = readdirSync(join(folder, 'package'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'package').length + 1));
}, 60_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the packed package', () => {
  it('holds JavaScript, its declarations and the documents, and nothing else', () => {
    const others = files.filter((file) => !/^dist\/.*(\.js|\.d\.ts)$/.test(file));
    expect(['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'package.json']).toEqual(expect.arrayContaining(others));
    expect(files.filter((file) => /\.map$|\.test\.|(^|\/)(test|lib|examples)\//.test(file))).toEqual([]);
  });

  it('refers to no source map and no file of the machine that built it', () => {
    for (const file of files) {
      const text = readFileSync(join(folder, 'package', file), 'utf8');
      expect(text, file).not.toContain('sourceMappingURL');
      expect(text, file).not.toContain(project);
    }
  });

  it('has the declarations of every module', () => {
    const modules = files.filter((file) => file.endsWith('.js')).map((file) => file.replace(/\.js$/, '.d.ts'));
    expect(modules.length).toBeGreaterThan(0);
    expect(files).toEqual(expect.arrayContaining(modules));
  });

  it('is small: less than 150 kB of code and declarations', () => {
    const sizes = files.filter((file) => /\.(js|d\.ts)$/.test(file)).map((file) => statSync(join(folder, 'package', file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
  });

  it('imports nothing that it does not declare', () => {
    const declared = Object.keys({ ...dependencies, ...peerDependencies });
    for (const file of files.filter((name) => /\.(js|d\.ts)$/.test(name))) {
      const text = readFileSync(join(folder, 'package', file), 'utf8');
      for (const [, name] of text.matchAll(/(?:require\(|from |import\()["']([^"'.][^"']*)["']/g)) {
        if (!name!.startsWith('node:')) expect(declared.map((known) => known.replace('@types/', '')), file).toContain(/^(?:@[^/]+\/)?[^/]+/.exec(name!)![0]);
      }
    }
  });
});

describe.each(['typeorm', 'typeorm-0.3'])('an app with %s', (typeorm) => {
  let app: string;

  beforeAll(() => {
    app = installIn(`app-${typeorm}`, { ...installed(), typeorm });
  });

  it('finds every documented export by require', () => {
    expect(run(app, 'main.cjs', `console.log(JSON.stringify(Object.keys(require('passport-two-factor')).sort()))`)).toEqual(exported);
  });

  it('finds every documented export by a named import from an ES module', () => {
    const kinds = run(
      app,
      'main.mjs',
      `import { ${exported.join(', ')} } from 'passport-two-factor';
       console.log(JSON.stringify({ ${functions.map((name) => `${name}: typeof ${name}`).join(', ')}, TwoFactorMechanism }));`,
    );
    expect(kinds).toEqual({
      ...Object.fromEntries(functions.map((name) => [name, 'function'])),
      TwoFactorMechanism: { 1: 'TOTP', 2: 'EMAIL', 3: 'SMS', TOTP: 1, EMAIL: 2, SMS: 3 },
    });
  });

  it('has one copy of the package, required and imported', () => {
    const same = run(
      app,
      'both.mjs',
      `import { createRequire } from 'node:module';
       import { TwoFactorError } from 'passport-two-factor';
       console.log(createRequire(import.meta.url)('passport-two-factor').TwoFactorError === TwoFactorError);`,
    );
    expect(same).toBe(true);
  });

  it('loads no database driver with it: the app brings its own', () => {
    const loaded = run(
      app,
      'drivers.cjs',
      `require('passport-two-factor');
       console.log(JSON.stringify(Object.keys(require.cache).filter((file) => /node_modules.(mysql2?|pg|better-sqlite3|sqlite3)./.test(file))))`,
    );
    expect(loaded).toEqual([]);
  });
});

it('an app without Express can use the service and the strategies', () => {
  const packages = installed();
  delete packages.express;
  const app = installIn('app-without-express', packages);
  const script = `
    const { TwoFactorStrategy, TwoFactorService } = require('passport-two-factor');
    let express = true;
    try { require.resolve('express') } catch { express = false }
    console.log(JSON.stringify([typeof TwoFactorStrategy, typeof TwoFactorService, express]))`;
  expect(run(app, 'main.cjs', script)).toEqual(['function', 'function', false]);
});

describe.each([
  ['mts', 'typeorm'],
  ['cts', 'typeorm'],
  ['cts', 'typeorm-0.3'],
])('a strict TypeScript app of .%s files with %s', (extension, typeorm) => {
  it('type-checks against the declarations, and is told of its mistakes', { timeout: 120_000 }, () => {
    const types = named('@types/node', '@types/passport-local', '@types/passport-oauth2', 'passport-local', 'passport-oauth2');
    const app = installIn(`typed-${typeorm}-${extension}`, { ...installed(), ...types, typeorm });
    for (const name of ['app', 'mistakes']) cpSync(join(__dirname, `consumer/${name}.ts.txt`), join(app, `${name}.${extension}`));
    const compilerOptions = {
      target: 'ES2022',
      module: 'node16',
      moduleResolution: 'node16',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      esModuleInterop: true,
      noEmit: true,
      types: ['node'],
    };
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: [`*.${extension}`] }));
    expect(compile(app)).toBe('');
  });
});

/** What the compiler says; nothing when all is well. */
function compile(app: string): string {
  try {
    return execFileSync(process.execPath, [join(project, 'node_modules/typescript/bin/tsc'), '-p', app], { cwd: app, encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}
