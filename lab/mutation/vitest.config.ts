import { relative, resolve, sep } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { configDefaults, defineConfig } from 'vitest/config';
import base from '../../vitest.config.js';

const root = resolve(__dirname, '../..');

/** Quick folders first, since the first test that fails ends a mutant. */
const folders = [
  'core',
  'vectors',
  'store',
  'factors',
  'standing',
  'passport',
  'service',
  'http',
  'twilio',
  'nodemailer',
  'attacks',
  'router',
];

/** Stryker's own `--testFiles` would activate what runs at import too late, and report it as survived. */
const chosen = process.env.TESTS?.split(',') ?? folders;

/** They take long, or run the library in a process of its own, which knows nothing of the mutant. */
const slow = ['guessing-processes', 'guessing-parallel', 'life-of-a-factor-interleaved', 'skipping-database'];

class QuickFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number =>
      folders.indexOf(relative(root, moduleId).split(sep)[1] ?? '');
    return Promise.resolve([...files].sort((a, b) => rank(a) - rank(b)));
  }
}

/** What a mutant is tried against: the quick tests, on SQLite. A thread is new for each mutant, and its files share the imports. */
export default defineConfig({
  resolve: base.resolve!,
  test: {
    pool: 'forks',
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    include: chosen.map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: [...configDefaults.exclude, ...slow.map((name) => `test/attacks/${name}.test.ts`)],
    globalSetup: ['lab/mutation/sqlite.ts'],
    setupFiles: chosen.includes('core') ? [] : ['test/support/quick-hash.ts'],
    sequence: { sequencer: QuickFirst },
  },
});
