import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const project = resolve(__dirname, '../..');

export const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};

/** The parts that an app imports beside the main one: `router`, `testing` and so on. */
export const subpaths = Object.keys(manifest.exports)
  .filter((name) => name.startsWith('./') && name !== './package.json')
  .map((name) => name.slice(2));

export const named = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, name]));

/** What an app has in any case: the dependencies, and the peers that are not optional. */
export const required = (): Record<string, string> =>
  named(
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.peerDependencies).filter((name) => manifest.peerDependenciesMeta[name]?.optional !== true),
  );

/** The package as npm would publish it, unpacked in a temporary folder. */
export class PackedPackage {
  private constructor(
    private readonly folder: string,
    readonly tarball: string,
  ) {}

  static pack(): PackedPackage {
    if (!existsSync(join(project, 'dist/index.js')))
      throw new Error('There is no dist folder to pack: npm run build makes it.');
    const folder = mkdtempSync(join(tmpdir(), 'two-factor-pack-'));
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: project });
    const tarball = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
    );
    execFileSync('tar', ['-xzf', tarball], { cwd: folder });
    return new PackedPackage(folder, tarball);
  }

  /** The paths of its files. */
  files(): string[] {
    const root = join(this.folder, 'package');
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  }

  read(file: string): string {
    return readFileSync(join(this.folder, 'package', file), 'utf8');
  }

  /** Bytes of these files. */
  size(files: readonly string[]): number {
    return files.reduce((sum, file) => sum + statSync(join(this.folder, 'package', file)).size, 0);
  }

  /** The declarations that one names, and those that they name. */
  declarations(entry: string, seen = new Set<string>()): string[] {
    if (!seen.has(entry)) {
      seen.add(entry);
      for (const [, path] of this.read(entry).matchAll(/from '(\.[^']+)\.js'/g))
        this.declarations(join(dirname(entry), `${path!}.d.ts`), seen);
    }
    return [...seen];
  }

  /** An app with the package installed, and of its dependencies those named: no network, no install. */
  installIn(name: string, packages: Record<string, string>): App {
    const app = join(this.folder, name);
    cpSync(join(this.folder, 'package'), join(app, 'node_modules/passport-two-factor'), { recursive: true });
    for (const [as, source] of Object.entries(packages)) {
      const link = join(app, 'node_modules', as);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(project, 'node_modules', source), link, 'dir');
    }
    return new App(app);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** An app that has the packed package installed. */
export class App {
  constructor(readonly folder: string) {}

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** Runs a script in a process of its own and parses what it prints. */
  run(file: string, source: string): unknown {
    this.write(file, source);
    return JSON.parse(
      execFileSync(process.execPath, ['--throw-deprecation', file], { cwd: this.folder, encoding: 'utf8' }),
    );
  }

  /** The names of the packages that requiring one loads. */
  packagesLoadedBy(name: string): string[] {
    const script = `require('${name}'); console.log(JSON.stringify(Object.keys(require.cache)))`;
    const files = this.run('loaded.cjs', script) as string[];
    // A nested package is loaded by its own name too.
    return [
      ...new Set(
        files
          .flatMap((file) => file.replaceAll('\\', '/').split('/node_modules/').slice(1))
          .map((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)![0]),
      ),
    ].sort();
  }
}
