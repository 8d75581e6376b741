import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { generateKey } from 'passport-two-factor';
import { project, type Block } from './markdown.js';

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });

/** An app of a document, copied into a file and started in a process of its own, as its reader would. */
export class AppProcess {
  output = '';

  private constructor(
    private readonly folder: string,
    readonly address: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(block: Block): Promise<AppProcess> {
    mkdirSync(join(project, 'test/.artifacts'), { recursive: true });
    // Inside the project, so that the packages resolve; the app's database is made in its working directory.
    const folder = mkdtempSync(join(project, 'test/.artifacts/app-'));
    writeFileSync(join(folder, 'app.mts'), block.lines.join('\n'));
    const port = await freePort();
    const child = spawn(process.execPath, ['--import', 'tsx', 'app.mts'], {
      cwd: folder,
      env: { ...process.env, PORT: String(port), TWO_FACTOR_KEYS: generateKey('k1') },
    });
    const app = new AppProcess(folder, `http://127.0.0.1:${port}`, child);
    try {
      await app.listening();
    } catch (error) {
      app.stop();
      throw error;
    }
    return app;
  }

  files(): string[] {
    return readdirSync(this.folder);
  }

  stop(): void {
    this.child.removeAllListeners('exit');
    this.child.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The app is told by the line that it prints once it listens. */
  private listening(): Promise<void> {
    return new Promise((resolve, reject) => {
      const add = (chunk: Buffer): void => {
        this.output += chunk.toString();
        if (this.output.includes('http://localhost:')) resolve();
      };
      this.child.stdout!.on('data', add);
      this.child.stderr!.on('data', add);
      this.child.on('exit', (code) => {
        reject(new Error(`The app ended with ${code}: ${this.output}`));
      });
    });
  }
}
