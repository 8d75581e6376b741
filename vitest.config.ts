import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

// TYPEORM=typeorm-0.3 and EXPRESS=express-4 run the same tests on the older version that the peer range allows.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^typeorm$/, replacement: process.env.TYPEORM ?? 'typeorm' },
      { find: /^express$/, replacement: process.env.EXPRESS ?? 'express' },
      { find: /^passport-two-factor$/, replacement: resolve(__dirname, 'lib/index.ts') },
      { find: /^passport-two-factor\/(\w+)$/, replacement: resolve(__dirname, 'lib/$1/index.ts') },
    ],
  },
  test: {
    environment: 'node',
    pool: 'forks',
    // Most of the time is spent waiting for databases and other processes.
    maxWorkers: availableParallelism() + 1,
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/bench/**'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: { provider: 'v8', include: ['lib/**/*.ts'], reporter: ['text', 'html'] },
  },
});
