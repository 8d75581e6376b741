import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const project = resolve(__dirname, '../..');
const tsx = join(project, 'node_modules/.bin/tsx');

export interface Running {
  readonly url: string;
  /** Everything that it printed. */
  output(): string;
  /** Ctrl-C, and until it is gone. */
  stop(): Promise<void>;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Only what is said here: the variables of the machine must not choose another database or port. */
function environment(env: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, PORT: '0', ...env };
}

function launch(command: readonly string[], env: Record<string, string>) {
  const child = spawn(command[0]!, command.slice(1), {
    cwd: project,
    env: environment(env),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = once(child, 'close').then(([exitCode]): Ended => ({ exitCode: exitCode as number | null, output }));
  return { child, ended, output: () => output };
}

const example = (name: string): string[] => [tsx, `examples/${name}/main.ts`];

/** Starts an example as the reader of its README does, on a free port, and waits for the line that says where. */
export async function start(name: string, env: Record<string, string> = {}, command = example(name)): Promise<Running> {
  const { child, ended, output } = launch(command, env);
  const opened = new Promise<string>((found) => {
    child.stdout.on('data', () => {
      const url = /^Open (http:\/\/localhost:\d+)$/m.exec(output())?.[1];
      if (url !== undefined) found(url);
    });
  });
  const failed = ended.then((end) => {
    throw new Error(`${name} did not start (${String(end.exitCode)}):\n${end.output}`);
  });
  const url = await Promise.race([opened, failed]);
  // From here on its end is no failure.
  failed.catch(() => undefined);
  return {
    url,
    output,
    stop: async () => {
      // As a terminal does it: to all processes of the command.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT');
      await ended;
    },
  };
}

/** Runs an example that is expected to give up. */
export const runToEnd = (name: string, env: Record<string, string>): Promise<Ended> => launch(example(name), env).ended;

/** A folder for a database file, removed by what is returned with it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'example-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export interface ReadmeCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The body, if it has one. */
  readonly json: Record<string, string> | undefined;
  /** What the README says that it answers. */
  readonly told: Record<string, unknown>;
}

/** The calls that the README of an example shows, in their order: `curl … localhost:3000/path … # {"answer":"…"}`. */
export function readmeCalls(name: string): ReadmeCall[] {
  const lines = readFileSync(join(project, `examples/${name}/README.md`), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('curl '));
  return lines.map((line) => {
    const parts = /^curl -s -b jar -c jar localhost:3000(\/\S*)(?: --json '(\{.*?\})'| (-X POST))? +# (\{.*\})$/.exec(
      line,
    );
    if (!parts) throw new Error(`The README of ${name} has a line that cannot be tried: ${line}`);
    const [, path = '', json, post, told = ''] = parts;
    return {
      method: json === undefined && post === undefined ? 'GET' : 'POST',
      path,
      json: json === undefined ? undefined : (JSON.parse(json) as Record<string, string>),
      told: JSON.parse(told) as Record<string, unknown>,
    };
  });
}
