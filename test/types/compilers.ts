import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const own = join(__dirname, '../../node_modules/typescript/bin/tsc');
const folder = join(__dirname, 'compilers');
const other = (version: string): string => join(folder, `node_modules/typescript-${version}/bin/tsc`);

/** The versions that apps may have. They stand apart, since each brings a command of the same name. */
export const compilers: Readonly<Record<string, string>> = {
  '5.4': other('5.4'),
  '5.9': own,
  '6.0': other('6.0'),
  '7.0': other('7.0'),
};

/** Installs those that are not there yet, as the lock file beside them says. */
export function installCompilers(): void {
  if (Object.values(compilers).every((path) => existsSync(path))) return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' });
}

/** What the compiler says of the project in this folder; nothing when all is well. */
export function compile(version: string, project: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [compilers[version]!, '-p', project], {
    cwd: project,
    encoding: 'utf8',
  });
  const said = `${stdout}${stderr}`;
  return status === 0 ? said : said || `tsc ended with ${String(status)}`;
}
