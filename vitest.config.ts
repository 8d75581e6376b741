import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

// TYPEORM=typeorm-0.3 and EXPRESS=express-4 run the same tests on the older version that the peer range allows.
const alias = [
  { find: /^typeorm$/, replacement: process.env.TYPEORM ?? 'typeorm' },
  { find: /^express$/, replacement: process.env.EXPRESS ?? 'express' },
  { find: /^passport-two-factor$/, replacement: resolve(__dirname, 'lib/index.ts') },
  { find: /^passport-two-factor\/(\w+)$/, replacement: resolve(__dirname, 'lib/$1/index.ts') },
];

const files = (...names: string[]): string[] =>
  names.map((name) => `test/${name}${name.endsWith('.ts') ? '' : '/**/*.test.ts'}`);

/** Neither a database nor a server. */
const unit = files(
  'core',
  'vectors',
  'factors',
  'standing',
  'passport',
  'nodemailer',
  'twilio',
  'webauthn',
  'errors.test.ts',
);
/** What may race, or depends on how a database works: on every database that answers, in every run. */
const racing = files(
  'store',
  'attacks/guessing-parallel.test.ts',
  'attacks/guessing-processes.test.ts',
  'attacks/pending-token.test.ts',
  'http/statements.test.ts',
);
/** What the documents say, tried as their readers would. */
const papers = files('docs');
/** They put another module in the place of one, which no other file must see. */
const alone = files('service/making-backup-codes.test.ts');
/** Browsers, processes of their own, compilers, the packed package. */
const whole = files('browser', 'examples', 'types', 'package');

/** Backup codes are hashed slowly, which test/core looks at; everybody else need not wait for it. */
const quickHash = 'test/support/quick-hash.ts';
/** Which examples the properties try. */
const propertySeed = 'test/support/property-seed.ts';

const test = {
  environment: 'node',
  pool: 'forks',
  // The imports of a file take longer than its tests: the files of a worker share them.
  isolate: false,
  // Most of the time is spent waiting for databases and other processes.
  maxWorkers: availableParallelism() + 1,
  globalSetup: ['test/support/global-setup.ts'],
  testTimeout: 90_000,
  hookTimeout: 90_000,
};

export default defineConfig({
  resolve: { alias },
  test: {
    ...test,
    coverage: { provider: 'v8', include: ['lib/**/*.ts'], reporter: ['text', 'html'] },
    projects: [
      { extends: true, test: { name: 'unit', include: unit, setupFiles: [propertySeed] } },
      { extends: true, test: { name: 'racing', include: racing } },
      {
        extends: true,
        test: {
          // TEST_DATABASES narrows its databases: each of them proves the same.
          name: 'main',
          setupFiles: [quickHash, propertySeed],
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...unit, ...racing, ...whole, ...alone, ...papers],
        },
      },
      { extends: true, test: { name: 'papers', include: papers, setupFiles: [quickHash] } },
      { extends: true, test: { name: 'alone', include: alone, isolate: true } },
      { extends: true, test: { name: 'whole', include: whole } },
      { extends: true, test: { name: 'load', include: ['lab/load/**/*.test.ts'] } },
    ],
  },
});
