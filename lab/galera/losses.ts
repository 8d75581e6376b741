// A node that is lost while it answers: killed, frozen, or cut off from the others. Which statements took effect, and does
// what the client was told agree with it? The library tries again after some errors: those must mean "no effect".
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type Connection, type ResultSetHeader } from 'mysql2/promise';
import { count, tally, type Tally } from './figures.js';
import { NodeApp, Shared } from './node-app.js';
import type { Galera, GaleraNode } from './nodes.js';

const repeats = Number(process.env.LOSSES ?? 3);
const streams = 8;
/** Longer than the five seconds after which the others give a silent node up. */
const away = 8000;
/** After these the library runs a statement again, and after 1047 it could. */
const withoutEffect = ['1213', '1205', '1020', '1047'];

interface Stream {
  readonly row: number;
  told: number;
  /** The error that ended it. */
  error: string;
}

export async function losses(galera: Galera): Promise<string[]> {
  await galera.nodes[0]!.query('CREATE DATABASE losses');
  await galera.nodes[0]!.query('CREATE TABLE losses.t (id INT PRIMARY KEY, version INT NOT NULL)');
  const node = galera.nodes[2]!;
  const ways: Record<string, () => Promise<void>> = {
    killed: async () => {
      await node.kill();
      await node.start();
    },
    frozen: async () => {
      node.signal('SIGSTOP');
      await delay(away);
      node.signal('SIGCONT');
    },
    'cut off': async () => {
      await node.query(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'`);
      await delay(away);
      await node.query(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'`);
    },
  };
  const lines: string[] = [];
  for (const [name, lose] of Object.entries(ways)) {
    const seen: Tally = {};
    const still: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) await once(galera, node, lose, seen, still);
    lines.push(
      `${name} ${repeats} times under ${streams} streams of conditional UPDATEs: ${tally(seen)}; the others took no write for up to ${(Math.max(...still) / 1000).toFixed(1)} s`,
    );
  }
  lines.push(await refuses(galera, node));
  return lines;
}

async function once(
  galera: Galera,
  node: GaleraNode,
  lose: () => Promise<void>,
  seen: Tally,
  still: number[],
): Promise<void> {
  const [survivor] = galera.nodes;
  await survivor!.query(
    `REPLACE INTO losses.t VALUES ${Array.from({ length: streams + 1 }, (_, row) => `(${row}, 0)`).join()}`,
  );
  await galera.inStep();
  const running = Array.from({ length: streams }, (_, row): Stream => ({ row, told: 0, error: '' }));
  const connections = await Promise.all([...running, undefined].map((stream) => connect(stream ? node : survivor!)));
  const watch = { on: true, longest: 0 };
  const ended = running.map((stream, index) => write(connections[index]!, stream, watch));
  const watching = watchWrites(connections[streams]!, watch);
  await delay(1000);
  await lose();
  await waitUntilBack(galera);
  watch.on = false;
  await Promise.all([...ended, watching]);
  for (const connection of connections) connection.destroy();
  still.push(watch.longest);
  for (const other of galera.nodes) {
    const rows = await other.query(
      'SET STATEMENT wsrep_sync_wait = 1 FOR SELECT id, version FROM losses.t ORDER BY id',
    );
    for (const { row, told, error } of running) {
      const extra = Number(rows[row]!.version) - told;
      if (other === survivor)
        count(seen, error === '' ? 'never lost' : `${error} ${extra === 0 ? 'without effect' : 'AFTER the effect'}`);
      assert.ok(extra >= 0, `node ${other.name} lacks a write that was answered`);
      assert.ok(
        extra <= (error === '' || withoutEffect.includes(error) ? 0 : 1),
        `${error} was answered for a write that took effect (${extra})`,
      );
    }
  }
}

const connect = (node: GaleraNode): Promise<Connection> => createConnection({ uri: node.url('losses') });

/** One compare-and-set after the other until the first error, each told only when the node has said that it holds. */
async function write(connection: Connection, stream: Stream, watch: { on: boolean }): Promise<void> {
  connection.on('error', () => {
    /* the statement tells */
  });
  while (watch.on) {
    try {
      const [{ affectedRows }] = await connection.query<ResultSetHeader>(
        `UPDATE t SET version = ${stream.told + 1} WHERE id = ${stream.row} AND version = ${stream.told}`,
      );
      assert.equal(affectedRows, 1, 'a write that was answered is gone');
      stream.told += 1;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      const { errno, code } = error as { errno?: number; code?: string };
      stream.error = code?.startsWith('ER_') ? String(errno) : String(code);
      return;
    }
  }
}

/** How long the nodes that are left take no write. */
async function watchWrites(connection: Connection, watch: { on: boolean; longest: number }): Promise<void> {
  while (watch.on) {
    const began = performance.now();
    await connection.query(`UPDATE t SET version = version + 1 WHERE id = ${streams}`);
    watch.longest = Math.max(watch.longest, performance.now() - began);
    await delay(10);
  }
}

export async function waitUntilBack(galera: Galera): Promise<void> {
  for (const node of galera.nodes) {
    for (let tries = 0; ; tries += 1) {
      const state = await Promise.all(
        ['wsrep_local_state_comment', 'wsrep_cluster_size'].map((name) => node.status(name)),
      ).catch(() => []);
      if (state[0] === 'Synced' && state[1] === String(galera.nodes.length)) break;
      assert.ok(tries < 600, `${node.name} did not come back: ${state.join()}`);
      await delay(100);
    }
  }
}

/** Through a node that is cut off, nobody is let in and nothing is judged. */
async function refuses(galera: Galera, node: GaleraNode): Promise<string> {
  const shared = new Shared();
  const app = await NodeApp.open(galera.nodes[0]!.url('losses'), shared, true);
  await galera.inStep();
  const lost = await NodeApp.open(node.url('losses'), shared);
  const { secret } = await app.service.setup.totp('lost', false, { qr: 'svg' });
  shared.now += 61_000;
  const { cookie } = await app.post('/login', { username: 'lost', password: 'lost' });
  await galera.inStep();
  await node.query(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=1'`);
  await delay(away);
  const answers = [
    await lost.post('/login', { username: 'lost', password: 'lost' }),
    await lost.post('/login', { username: 'nobody', password: 'nobody' }),
    await lost.post('/2fa', { code: shared.totp(secret) }, cookie),
  ];
  for (const { status } of answers) assert.equal(status, 500);
  assert.equal((await app.post('/2fa', { code: shared.totp(secret) }, cookie)).status, 200);
  await node.query(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=0'`);
  await waitUntilBack(galera);
  assert.equal((await lost.post('/login', { username: 'lost', password: 'lost' })).status, 202);
  await app.close();
  await lost.close();
  return `through a node that is cut off: ${answers.map(({ code }) => code).join(', ')}; once it is back, logins are halted again`;
}
