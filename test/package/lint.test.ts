import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PackedPackage, project } from './packed.js';

let packed: PackedPackage;

beforeAll(() => {
  packed = PackedPackage.pack();
}, 60_000);
afterAll(() => {
  packed.remove();
});

describe('what would be published', () => {
  it.each([
    ['publint', 'publint/src/cli.js', ['--strict']],
    ['Are the types wrong?', '@arethetypeswrong/cli/dist/index.js', []],
  ])('%s finds nothing wrong with it', { timeout: 120_000 }, (_name, script, options) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(project, 'node_modules', script), packed.tarball, ...options],
      { encoding: 'utf8' },
    );
    expect(`${stdout}${stderr}`).toContain('passport-two-factor');
    expect(status, `${stdout}${stderr}`).toBe(0);
  });
});
