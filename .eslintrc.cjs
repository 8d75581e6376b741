// The folders of lib/ are its layers. A layer imports from itself and from those after it, never from those before it.
const layers = ['express', 'passport', 'standing', 'service', 'factors', 'store', 'core'];

/** Relative import paths that would reach one of the layers above `layer`, or the public barrel. */
function layerRule(layer) {
  const above = layers.slice(0, layers.indexOf(layer));
  const patterns = above.map((name) => ({
    group: [`../${name}/*`, `../${name}`],
    message: `lib/${layer} must not import from lib/${name}: imports go ${layers.join(' → ')} → errors.`,
  }));
  patterns.push({ group: ['../index', '../index.js'], message: 'Import the module itself, not the public barrel.' });
  return {
    files: [`lib/${layer}/**/*.ts`],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  };
}

module.exports = {
  root: true,
  ignorePatterns: ['node_modules', 'dist', 'coverage', 'test/.artifacts', 'test/router/api.generated.ts'],
  env: { node: true, es2022: true },
  parserOptions: { ecmaVersion: 2022, sourceType: 'module' },
  extends: ['eslint:recommended'],
  reportUnusedDisableDirectives: true,
  overrides: [
    {
      files: ['*.ts'],
      parser: '@typescript-eslint/parser',
      plugins: ['@typescript-eslint'],
      extends: ['plugin:@typescript-eslint/strict-type-checked', 'plugin:@typescript-eslint/stylistic-type-checked'],
      parserOptions: { projectService: true, tsconfigRootDir: __dirname },
      rules: {
        '@typescript-eslint/consistent-type-imports': 'error',
        '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
        '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
        eqeqeq: 'error',
      },
    },
    {
      // Time comes from the injected clock and randomness from node:crypto, so that both can be proved.
      files: ['lib/**/*.ts'],
      rules: {
        'no-console': 'error',
        // A file one reads in a minute, and calls whose arguments need no counting.
        'max-lines': ['error', 200],
        'max-params': ['error', 3],
        'max-len': ['error', { code: 120, tabWidth: 2 }],
        'no-restricted-properties': [
          'error',
          { object: 'Math', property: 'random', message: 'Use node:crypto.' },
          { object: 'Date', property: 'now', message: 'Use the clock of the options.' },
        ],
      },
    },
    // What Express, Passport and a Proxy call with four.
    {
      files: [
        'lib/express/error-handler.ts',
        'lib/passport/{keep-members,verdict}.ts',
        'lib/router/{error-pages,api/api-errors,pages/routes/page-errors}.ts',
      ],
      rules: { 'max-params': ['error', 4] },
    },
    // The app's user is whatever the app says it is.
    {
      files: ['lib/options.ts', 'lib/settings.ts'],
      // The clock's default is the one place that names Date.now.
      rules: {
        'no-restricted-properties': 'off',
        '@typescript-eslint/no-explicit-any': 'off',
        '@typescript-eslint/no-redundant-type-constituents': 'off',
      },
    },
    // Tests of apps that use the package may take the time of day where they give none.
    { files: ['lib/testing/current-totp.ts'], rules: { 'no-restricted-properties': 'off' } },
    // Express has its namespace for requests to be extended in, by interfaces that are merged.
    {
      files: ['lib/express/two-factor-auth.ts'],
      rules: { '@typescript-eslint/no-namespace': 'off', '@typescript-eslint/no-empty-object-type': 'off' },
    },
    // EntitySchema takes plain objects where its types name classes.
    { files: ['lib/store/entities.ts'], rules: { '@typescript-eslint/no-unsafe-class-instance-assignment': 'off' } },
    // It names the methods by the types of the table, and imports nothing else.
    {
      files: ['lib/errors.ts', 'lib/errors/*.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: ['.', '..'].flatMap((up) => [
              `${up}/options*`,
              `${up}/settings*`,
              ...layers.slice(0, -1).map((name) => `${up}/${name}/*`),
            ]),
          },
        ],
      },
    },
    ...layers.map(layerRule),
    // What an app imports by a subpath uses the package by its name, and of the layers no more than pure functions.
    {
      files: ['lib/{router,nestjs,nodemailer,twilio,testing}/**/*.ts'],
      excludedFiles: ['lib/testing/log-in-as.ts'],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: [...layers.slice(0, -1).map((name) => `**/${name}/*`), '../errors.js', '../index.js'],
                message: 'Import it from "passport-two-factor".',
              },
            ],
          },
        ],
      },
    },
    {
      files: ['test/**/*.ts', 'lab/**/*.ts', 'examples/**/*.ts', 'vitest.config.ts'],
      rules: {
        // TypeORM's EntitySchema takes plain objects where its types name classes.
        '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
        '@typescript-eslint/no-unsafe-assignment': 'off',
        '@typescript-eslint/no-unsafe-member-access': 'off',
        '@typescript-eslint/no-unsafe-argument': 'off',
        '@typescript-eslint/no-unsafe-call': 'off',
        '@typescript-eslint/no-unsafe-return': 'off',
        '@typescript-eslint/no-non-null-assertion': 'off',
        '@typescript-eslint/no-misused-promises': 'off',
      },
    },
    // A Nest module is an empty class; what it is stands in its decorator.
    {
      files: ['lib/nestjs/**/*.ts', 'examples/nestjs*/**/*.ts', 'test/nestjs/**/*.ts', 'test/docs/nestjs.test.ts'],
      rules: { '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }] },
    },
  ],
};
