import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { project } from './packed.js';

it('every public symbol is documented, and the pages are built without a warning', { timeout: 240_000 }, () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(project, 'node_modules/typedoc/bin/typedoc'), '--emit', 'none'],
    { cwd: project, encoding: 'utf8' },
  );
  const said = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => /warning|error/i.test(line) && !line.includes('Found 0 errors and 0 warnings'));
  expect(said).toEqual([]);
  expect(status).toBe(0);
});
