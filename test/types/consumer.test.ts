import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { named, PackedPackage, required, type App } from '../package/packed.js';
import { compile, compilers, installCompilers } from './compilers.js';

/** How an app can be set up, and the extension that its files have then. */
const setups = {
  'ES modules of Node': { extension: 'mts', module: 'node16', moduleResolution: 'node16' },
  'CommonJS of Node': { extension: 'cts', module: 'node16', moduleResolution: 'node16' },
  'a bundler': { extension: 'ts', module: 'esnext', moduleResolution: 'bundler' },
};

let packed: PackedPackage;

beforeAll(() => {
  installCompilers();
  packed = PackedPackage.pack();
}, 180_000);

afterAll(() => {
  packed.remove();
});

function consumer(
  version: string,
  setup: keyof typeof setups,
  typeorm: string,
  skipLibCheck: boolean,
  name = 'app',
): App {
  const { extension, module, moduleResolution } = setups[setup];
  const tools = named(
    '@types/node',
    '@types/passport-local',
    '@types/passport-oauth2',
    '@types/nodemailer',
    '@types/supertest',
    'express',
    'nodemailer',
    'passport-local',
    'passport-oauth2',
    'supertest',
  );
  const app = packed.installIn(`${name}-${version}-${setup.replaceAll(' ', '-')}-${typeorm}-${String(skipLibCheck)}`, {
    ...required(),
    ...tools,
    typeorm,
  });
  for (const name of ['app', 'mistakes', 'parts'])
    cpSync(join(__dirname, `consumer/${name}.ts.txt`), join(app.folder, `${name}.${extension}`));
  const compilerOptions = {
    target: 'ES2022',
    module,
    moduleResolution,
    skipLibCheck,
    strict: true,
    exactOptionalPropertyTypes: true,
    esModuleInterop: true,
    noEmit: true,
    types: ['node'],
  };
  app.write('tsconfig.json', JSON.stringify({ compilerOptions, include: [`*.${extension}`] }));
  return app;
}

/** The oldest and the newest one; every one in between with TEST_MATRIX. */
const versions = Object.keys(compilers).filter(
  (_version, index, all) => index % (all.length - 1) === 0 || process.env.TEST_MATRIX,
);

describe.each(versions)('a strict app under TypeScript %s', (version) => {
  it.each([
    ['ES modules of Node', 'typeorm', false],
    ['CommonJS of Node', 'typeorm-0.3', false],
    ['a bundler', 'typeorm', true],
  ] as const)(
    'for %s with %s (skipLibCheck: %s) type-checks, and is told of its mistakes',
    { timeout: 240_000 },
    (setup, typeorm, skipLibCheck) => {
      expect(compile(version, consumer(version, setup, typeorm, skipLibCheck).folder)).toBe('');
    },
  );
});

it('an app that leaves a mistake in is told of it: the checks above can fail', { timeout: 120_000 }, () => {
  const app = consumer('7.0', 'ES modules of Node', 'typeorm', true, 'mistaken');
  app.write(
    'wrong.mts',
    `import { smsSender } from 'passport-two-factor/twilio';\nsmsSender({ client: { messages: { create: () => undefined } }, from: 7 });\n`,
  );
  expect(compile('7.0', app.folder)).toMatch(/wrong\.mts.*error TS/);
});

it(
  'an app that says that it names another property leaves req.auth to the types of somebody else',
  { timeout: 120_000 },
  () => {
    const app = consumer('5.9', 'ES modules of Node', 'typeorm', false, 'other-property');
    for (const name of ['app', 'mistakes', 'parts']) rmSync(join(app.folder, `${name}.mts`));
    const named = "declare global { namespace Express { interface TwoFactorProperty { name: 'twoFactor' } } }\n";
    app.write(
      'other.mts',
      `import type { Request } from 'express';
import type { RequestAuth } from 'passport-two-factor';
declare global { namespace Express { interface Request { auth?: { sub: string } } } }
export const subject = (req: Request): string | undefined => req.auth?.sub;
`,
    );
    app.write(
      'mine.mts',
      `import type { Request } from 'express';
import type { RequestAuth } from 'passport-two-factor';
${named}export const auth = (req: Request): RequestAuth => req.twoFactor;
`,
    );
    expect(compile('5.9', app.folder)).toBe('');
    app.write('mine.mts', 'export {};\n');
    expect(compile('5.9', app.folder)).toMatch(/error TS2430/);
  },
);
