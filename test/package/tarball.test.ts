import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifest, named, PackedPackage, project, required, subpaths, type App } from './packed.js';

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
  'PasskeyStrategy',
  'SecondFactorStrategy',
  'TwoFactorService',
  'TwoFactorStrategy',
  'generateKey',
  'impersonate',
  'isDelivered',
  'keyOf',
  'methodOf',
  'protect',
  'requireEnrollment',
  'claimsOf',
  'requireSecondFactor',
  'secondFactorErrorHandler',
  'twoFactorAuth',
  'twoFactorEntities',
  'twoFactorMigrations',
];
const lists = ['everyMethod', 'enrollableMethods', 'deliveredMethods'];
const exported = [...functions, ...lists, 'TwoFactorMechanism', 'twoFactorMethods'].sort();

let packed: PackedPackage;
let files: string[];

beforeAll(() => {
  packed = PackedPackage.pack();
  files = packed.files();
}, 60_000);

afterAll(() => {
  packed.remove();
});

describe('the packed package', () => {
  it('holds JavaScript, its declarations and the documents, and nothing else', () => {
    const others = files.filter((file) => !/^dist\/.*(\.js|\.d\.ts)$/.test(file));
    const stubs = subpaths.map((name) => `${name}/package.json`);
    const papers = ['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'ARCHITECTURE.md', 'package.json'];
    const guides = others.filter((file) => /^docs\/[\w-]+\.(md|svg)$/.test(file));
    expect(guides.length).toBeGreaterThan(9);
    expect([...papers, ...stubs, ...guides]).toEqual(expect.arrayContaining(others));
    expect(files.filter((file) => /\.map$|\.test\.|(^|\/)(test|lib|examples)\//.test(file))).toEqual([]);
  });

  it('refers to no source map and no file of the machine that built it', () => {
    for (const file of files) {
      const text = packed.read(file);
      expect(text, file).not.toContain('sourceMappingURL');
      expect(text, file).not.toContain(project);
    }
  });

  it('has the declarations of every module', () => {
    const modules = files.filter((file) => file.endsWith('.js')).map((file) => file.replace(/\.js$/, '.d.ts'));
    expect(modules).toHaveLength(1 + subpaths.length);
    expect(files).toEqual(expect.arrayContaining(modules));
  });

  it('has every declaration that another one names, and no other', () => {
    const entries = ['dist/index.d.ts', ...subpaths.map((name) => `dist/${name}/index.d.ts`)];
    const reached = new Set(entries.flatMap((entry) => packed.declarations(entry)));
    expect(files.filter((file) => file.endsWith('.d.ts')).sort()).toEqual([...reached].sort());
  });

  it('leaves no link of its README dead', () => {
    const links = [
      ...packed
        .read('README.md')
        .replace(/^ *```[^]*?^ *```$/gm, '')
        .matchAll(/\]\(([^)#\s]+)/g),
    ];
    const inside = links.map(([, target]) => target!).filter((target) => !/^[a-z]+:/.test(target));
    expect(inside.length).toBeGreaterThan(10);
    expect(inside.filter((target) => !files.includes(target))).toEqual([]);
  });

  it('is small, and its code is in lines that a person can read', () => {
    expect(packed.size(files)).toBeLessThan(820_000);
    expect(packed.size(['dist/index.js', ...packed.declarations('dist/index.d.ts')])).toBeLessThan(380_000);
    for (const file of files.filter((name) => name.endsWith('.js'))) {
      const lines = packed.read(file).split('\n');
      expect(lines.length, file).toBeGreaterThan(30);
      expect(lines.filter((line) => line.length > 120).length / lines.length, file).toBeLessThan(0.06);
      expect(Math.max(...lines.map(({ length }) => length)), file).toBeLessThan(1000);
    }
  });

  it.each([
    ['no keys', '{ db: {}, users: { id: String }, twoFactor: { issuer: "A" } }'],
    ['an option that there is not', '{ dbb: {}, keys: "k1:x", users: { id: String }, twoFactor: { issuer: "A" } }'],
  ])('prints less than 2 kB for a configuration with %s', (_what, options) => {
    const script = `const { TwoFactorService } = require('passport-two-factor'); new TwoFactorService(${options});`;
    const app = packed.installIn('mistaken', { ...required(), express: 'express', typeorm: 'typeorm' });
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: app.folder, encoding: 'utf8' });
    rmSync(app.folder, { recursive: true });
    expect(status).toBe(1);
    expect(stderr).toMatch(/TypeError/);
    expect(Buffer.byteLength(stderr)).toBeLessThan(2048);
  });

  it('imports nothing that it does not declare', () => {
    const known = ['passport-two-factor', ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })];
    const declared = known.map((name) => name.replace('@types/', ''));
    for (const file of files.filter((name) => /\.(js|d\.ts)$/.test(name))) {
      for (const [, name] of packed.read(file).matchAll(/(?:require\(|from |import\()["']([^"'.][^"']*)["']/g)) {
        if (!name!.startsWith('node:')) expect(declared, file).toContain(/^(?:@[^/]+\/)?[^/]+/.exec(name!)![0]);
      }
    }
  });
});

describe.each(['typeorm', 'typeorm-0.3'])('an app with %s', (typeorm) => {
  let app: App;

  beforeAll(() => {
    app = packed.installIn(`app-${typeorm}`, { ...required(), express: 'express', typeorm });
  });

  it('finds every documented export by require', () => {
    expect(
      app.run('main.cjs', `console.log(JSON.stringify(Object.keys(require('passport-two-factor')).sort()))`),
    ).toEqual(exported);
  });

  it('finds every documented export by a named import from an ES module', () => {
    const kinds = app.run(
      'main.mjs',
      `import { ${exported.join(', ')} } from 'passport-two-factor';
       console.log(JSON.stringify({ ${functions.map((name) => `${name}: typeof ${name}`).join(', ')}, TwoFactorMechanism }));`,
    );
    expect(kinds).toEqual({
      ...Object.fromEntries(functions.map((name) => [name, 'function'])),
      TwoFactorMechanism: { 1: 'TOTP', 2: 'EMAIL', 3: 'SMS', 4: 'PASSKEY', TOTP: 1, EMAIL: 2, SMS: 3, PASSKEY: 4 },
    });
  });

  it('has one copy of the package, required and imported', () => {
    const same = app.run(
      'both.mjs',
      `import { createRequire } from 'node:module';
       import { TwoFactorError } from 'passport-two-factor';
       console.log(createRequire(import.meta.url)('passport-two-factor').TwoFactorError === TwoFactorError);`,
    );
    expect(same).toBe(true);
  });

  it('loads no database driver, no Express, no mailer and no CSRF protection with it', () => {
    const loaded = app.packagesLoadedBy('passport-two-factor');
    expect(loaded).toContain('speakeasy');
    const notNeeded = [
      'mysql',
      'mysql2',
      'pg',
      'better-sqlite3',
      'sqlite3',
      'express',
      'express-session',
      'nodemailer',
      'twilio',
      'csrf-sync',
      'supertest',
      '@simplewebauthn/server',
      '@simplewebauthn/browser',
    ];
    expect(loaded.filter((name) => notNeeded.includes(name))).toEqual([]);
  });
});

it("is installed beside what old apps have: Express 4.16, which Passport's own examples pin, Twilio 3 and Nodemailer 4", () => {
  // npm refuses a version out of range also where the peer is optional. A whole login was made with each of these by hand.
  expect(manifest.peerDependencies).toMatchObject({
    express: '^4.16.0 || ^5.0.0',
    twilio: '>=3.0.0',
    nodemailer: '>=4.0.0',
  });
});

it('an app without Express can use the service and the strategies', () => {
  const app = packed.installIn('app-without-express', required());
  const script = `
    const { TwoFactorStrategy, TwoFactorService } = require('passport-two-factor');
    let express = true;
    try { require.resolve('express') } catch { express = false }
    console.log(JSON.stringify([typeof TwoFactorStrategy, typeof TwoFactorService, express]))`;
  expect(app.run('main.cjs', script)).toEqual(['function', 'function', false]);
});

it('an app that is bundled with all its packages runs where a deprecated call is an error', async () => {
  const app = packed.installIn('bundled', required());
  const source = `
    const { TwoFactorStrategy } = require('passport-two-factor');
    const { currentTotp } = require('passport-two-factor/testing');
    console.log(JSON.stringify([typeof TwoFactorStrategy, currentTotp('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 59_000)]))`;
  // Node warns of what an app does and is silent about its node_modules: in a bundle everything is the app's.
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: app.folder },
    bundle: true,
    platform: 'node',
    external: ['typeorm'],
    write: false,
    logLevel: 'silent',
  });
  // RFC 6238, appendix B: 94287082 at 59 seconds, of which authenticator apps show the last six digits.
  expect(app.run('bundle.cjs', outputFiles[0]!.text)).toEqual(['function', '287082']);
});

describe('the other parts', () => {
  const contents: Record<string, { exports: string[]; peers: string[] }> = {
    router: { exports: ['twoFactorRouter'], peers: ['express'] },
    testing: {
      exports: ['completeSecondFactor', 'createOutbox', 'currentTotp', 'fakeClock', 'SoftwareAuthenticator'],
      peers: [],
    },
    nodemailer: { exports: ['emailSender'], peers: [] },
    twilio: { exports: ['smsSender'], peers: [] },
    nestjs: {
      exports: [
        'Auth',
        'EnrollmentGuard',
        'SecondFactor',
        'SecondFactorGuard',
        'SessionLogin',
        'TwoFactorModule',
        'withTwoFactor',
      ],
      peers: ['@nestjs/common', '@nestjs/core', '@nestjs/passport', 'express', 'reflect-metadata', 'rxjs'],
    },
    webauthn: { exports: ['passkeys', 'relatedOrigins'], peers: ['@simplewebauthn/server'] },
  };

  it('are these', () => {
    expect(subpaths.toSorted()).toEqual(Object.keys(contents).sort());
  });

  it.each(Object.entries(contents))(
    '%s: is required and imported with no other peer than its own',
    (name, { exports, peers }) => {
      const app = packed.installIn(`only-${name}`, { ...required(), ...named(...peers) });
      expect(
        app.run('main.cjs', `console.log(JSON.stringify(Object.keys(require('passport-two-factor/${name}'))))`),
      ).toEqual(expect.arrayContaining(exports));
      const imported = app.run(
        'main.mjs',
        `import { ${exports.join(', ')} } from 'passport-two-factor/${name}'; console.log(JSON.stringify([${exports.map((one) => `typeof ${one}`).join(', ')}]));`,
      );
      expect(imported).toEqual(exports.map(() => 'function'));
    },
  );

  it.each(Object.keys(contents))(
    '%s: is found by what knows no "exports", such as Jest 27, and its types too',
    (name) => {
      const stub = JSON.parse(packed.read(`${name}/package.json`)) as { main: string; types: string };
      const { default: file, types } = manifest.exports[`./${name}`] as { default: string; types: string };
      expect(files).toEqual(expect.arrayContaining([join(name, stub.main), join(name, stub.types)]));
      expect([join(name, stub.main), join(name, stub.types)]).toEqual([join(file), join(types)]);
    },
  );

  it.each(['nodemailer', 'twilio', 'testing'])('%s: loads neither Express nor a mailer nor TypeORM', (name) => {
    const loaded = packed.installIn(`loads-${name}`, required()).packagesLoadedBy(`passport-two-factor/${name}`);
    expect(
      loaded.filter((one) => ['express', 'nodemailer', 'twilio', 'typeorm', 'csrf-sync', 'supertest'].includes(one)),
    ).toEqual([]);
  });

  it('the router answers with the error classes of the main one: there is one copy', () => {
    const app = packed.installIn('one-copy', { ...required(), express: 'express' });
    expect(app.packagesLoadedBy('passport-two-factor/router')).toContain('passport-two-factor');
    const inErrors = 'A second factor is required to finish this login.';
    expect(packed.read('dist/index.js')).toContain(inErrors);
    expect(packed.read('dist/router/index.js')).not.toContain(inErrors);
  });
});
