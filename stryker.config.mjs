// See lab/mutation/README.md.
/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', './lab/mutation/ignore-texts.mjs'],
  // Which tests reach a mutant is known from coverage, so their imports need not be followed.
  vitest: { configFile: 'lab/mutation/vitest.config.ts', related: false },
  mutate: ['lib/{core,factors,store,service,standing,passport}/**/*.ts'],
  coverageAnalysis: 'perTest',
  // Statements are built in constructors, which many tests call in `beforeAll`: that counts as static.
  ignoreStatic: false,
  ignorers: ['texts'],
  ignorePatterns: ['/docs', '/dist', '/coverage', '/.ci', '/test/.artifacts', '/.stryker'],
  tempDirName: '.stryker/sandbox',
  incremental: true,
  incrementalFile: '.stryker/incremental.json',
  reporters: ['clear-text', 'html'],
  clearTextReporter: { allowColor: false, logTests: false },
  htmlReporter: { fileName: '.stryker/report.html' },
  concurrency: 2,
  timeoutMS: 15_000,
  timeoutFactor: 2,
  thresholds: { high: 95, low: 90, break: 90 },
};
