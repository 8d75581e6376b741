// Three MariaDB servers as one Galera cluster on loopback, in a temporary folder of their own. Needs the Debian packages
// mariadb-server, galera-4 and rsync. No configuration file is read, and no server that runs already is touched.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';

const provider = process.env.GALERA_PROVIDER ?? '/usr/lib/galera/libgalera_smm.so';
const readyWithin = 90_000;
/** The state transfer by rsync refuses to run as root, and so does the server. */
const account = process.getuid?.() === 0 ? 'mysql' : undefined;

interface Ports {
  readonly sql: number;
  readonly group: number;
  readonly increments: number;
  readonly copies: number;
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => {
            resolve(server);
          });
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export class GaleraNode {
  /** Server variables that were set while it ran, for it to come back with. */
  readonly variables = new Map<string, number>();
  private child: ChildProcess | undefined;
  private readonly folder: string;

  constructor(
    readonly name: string,
    root: string,
    private readonly ports: Ports,
    private readonly members: readonly number[],
  ) {
    this.folder = join(root, name);
    this.makeFolder();
  }

  get port(): number {
    return this.ports.sql;
  }

  get running(): boolean {
    return this.child !== undefined;
  }

  url(database = ''): string {
    return `mysql://root@127.0.0.1:${this.port}/${database}`;
  }

  /** Makes the system tables; the other nodes get theirs from this one. */
  install(): void {
    const args = [
      '--no-defaults',
      `--datadir=${this.folder}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
    ];
    execFileSync('mariadb-install-db', [...args, ...(account ? [`--user=${account}`] : [])], { stdio: 'pipe' });
  }

  /** @param first begins a new cluster. @returns how long it took until it was in step with the others */
  async start(first = false): Promise<number> {
    const began = performance.now();
    const position = first ? [] : this.recover();
    const set = [...this.variables].map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
    this.run([...this.options(), ...set, ...position, ...(first ? ['--wsrep-new-cluster'] : [])]);
    for (;;) {
      if (await this.synced()) return performance.now() - began;
      if (!this.running || performance.now() - began > readyWithin)
        throw new Error(`${this.name} does not join the cluster, see ${this.log}`);
      await delay(100);
    }
  }

  /** Ends it in the middle of whatever it does. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (!child) return;
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill(signal);
    await ended;
  }

  /** Stops its answers without ending it, as a machine does that is cut off from the network. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  /** Its disk is lost: it has to fetch everything from another node. */
  wipe(): void {
    rmSync(this.folder, { recursive: true, force: true });
    this.makeFolder();
  }

  async query(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await createConnection({ uri: this.url(), connectTimeout: 5000 });
    try {
      const [rows] = await connection.query(sql);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      connection.destroy();
    }
  }

  async status(name: string): Promise<string> {
    const [row] = (await this.query(`SHOW GLOBAL STATUS LIKE '${name}'`)) as { Value: string }[];
    return row?.Value ?? '';
  }

  /** How it last came back: by the writes it had missed (IST) or by a copy of everything (SST). */
  joinedBy(): string {
    return (
      /rsync (IST|SST) completed on joiner/.exec(
        readFileSync(this.log, 'utf8')
          .split('WSREP_SST')
          .findLast((entry) => entry.includes('completed on joiner')) ?? '',
      )?.[1] ?? 'nothing'
    );
  }

  private get log(): string {
    return `${this.folder}.log`;
  }

  private makeFolder(): void {
    mkdirSync(this.folder);
    if (account)
      chownSync(this.folder, Number(execFileSync('id', ['-u', account])), Number(execFileSync('id', ['-g', account])));
  }

  private async synced(): Promise<boolean> {
    try {
      return (
        (await this.status('wsrep_local_state_comment')) === 'Synced' && (await this.status('wsrep_ready')) === 'ON'
      );
    } catch {
      return false;
    }
  }

  private options(): string[] {
    const { sql, group, increments, copies } = this.ports;
    return [
      '--no-defaults',
      ...(account ? [`--user=${account}`] : []),
      `--datadir=${this.folder}`,
      `--socket=${this.folder}.sock`,
      `--pid-file=${this.folder}.pid`,
      `--log-error=${this.log}`,
      `--port=${sql}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--innodb-buffer-pool-size=64M',
      '--innodb-flush-log-at-trx-commit=1',
      '--innodb-autoinc-lock-mode=2',
      '--binlog-format=ROW',
      '--wsrep-on=ON',
      `--wsrep-provider=${provider}`,
      '--wsrep-cluster-name=two_factor',
      `--wsrep-node-name=${this.name}`,
      `--wsrep-cluster-address=gcomm://${this.members.map((port) => `127.0.0.1:${port}`).join()}`,
      '--wsrep-node-address=127.0.0.1',
      '--wsrep-sst-method=rsync',
      `--wsrep-sst-receive-address=127.0.0.1:${copies}`,
      `--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:${group};ist.recv_addr=127.0.0.1:${increments};gcache.size=32M`,
    ];
  }

  /** What a killed server had committed, as Debian's service asks for it before every start. */
  private recover(): string[] {
    if (!existsSync(join(this.folder, 'ibdata1'))) return [];
    const report = `${this.folder}.recovered`;
    rmSync(report, { force: true });
    const options = this.options().filter((option) => !option.startsWith('--log-error'));
    execFileSync('mariadbd', [...options, '--wsrep-recover', `--log-error=${report}`], { stdio: 'pipe' });
    const position = /Recovered position:\s*(\S+)/.exec(readFileSync(report, 'utf8'))?.[1];
    return position ? [`--wsrep-start-position=${position}`] : [];
  }

  private run(args: string[]): void {
    const child = spawn('mariadbd', args, { stdio: 'ignore' });
    this.child = child;
    child.once('exit', () => {
      if (this.child === child) this.child = undefined;
    });
  }
}

export class Galera {
  private constructor(
    private readonly root: string,
    readonly nodes: readonly GaleraNode[],
  ) {}

  static async start(count = 3): Promise<Galera> {
    if (!existsSync(provider))
      throw new Error(
        `There is no ${provider}: apt-get install mariadb-server galera-4 rsync, or set GALERA_PROVIDER.`,
      );
    const root = mkdtempSync(join(tmpdir(), 'tf_galera_'));
    if (account) execFileSync('chown', [account, root]);
    const free = await freePorts(count * 4);
    const members = free.slice(0, count);
    const nodes = members.map((group, index) => {
      const [sql = 0, increments = 0, copies = 0] = free.slice(count + index * 3);
      return new GaleraNode(`node${index + 1}`, root, { group, sql, increments, copies }, members);
    });
    const galera = new Galera(root, nodes);
    process.once('exit', () => {
      galera.end();
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
    nodes[0]!.install();
    for (const [index, node] of nodes.entries()) await node.start(index === 0);
    return galera;
  }

  get live(): GaleraNode[] {
    return this.nodes.filter(({ running }) => running);
  }

  /** On every node, for the connections that are made from now on. */
  async set(variable: string, value: number): Promise<void> {
    for (const node of this.live) {
      await node.query(`SET GLOBAL ${variable} = ${value}`);
      node.variables.set(variable, value);
    }
  }

  /** Waits until every node has applied what was committed before. */
  async inStep(): Promise<void> {
    for (const node of this.live) await node.query('SET STATEMENT wsrep_sync_wait = 1 FOR SELECT 1');
  }

  /** The sum of a counter over the nodes. */
  async sum(status: string): Promise<number> {
    const values = await Promise.all(this.live.map((node) => node.status(status)));
    return values.reduce((sum, value) => sum + Number(value), 0);
  }

  async stop(): Promise<void> {
    for (const node of [...this.live].reverse()) await node.kill('SIGTERM');
    this.end();
  }

  private end(): void {
    for (const node of this.live) void node.kill();
    if (!process.env.KEEP) rmSync(this.root, { recursive: true, force: true });
  }
}
