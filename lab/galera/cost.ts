// What wsrep_sync_wait costs a login: in a quiet cluster, and while another node takes writes that this one has to apply.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { spread } from './figures.js';
import { NodeApp, Shared } from './node-app.js';
import type { Galera, GaleraNode } from './nodes.js';

const logins = Number(process.env.COST ?? 300);
const warmUp = 50;
const writers = 4;
const waits = [0, 1, 3];

interface Measured {
  readonly app: NodeApp;
  readonly id: string;
  readonly secret: string;
  readonly halted: number[];
  readonly verified: number[];
}

export async function cost(galera: Galera): Promise<string[]> {
  const [here, other] = galera.nodes;
  await here!.query('CREATE DATABASE cost');
  const shared = new Shared();
  const lines: string[] = [];
  for (const busy of [false, true]) {
    const measured: Measured[] = [];
    for (const wait of waits) {
      // A pool's connections keep what was set when they were made; one after the other, a login needs one.
      await galera.set('wsrep_sync_wait', wait);
      const app = await NodeApp.open(here!.url('cost'), shared, true);
      const id = randomUUID();
      const { secret } = await app.service.setup.totp(id, false, { qr: 'svg' });
      measured.push({ app, id, secret, halted: [], verified: [] });
    }
    const load = { on: busy };
    const writing = busy ? Array.from({ length: writers }, (_, row) => write(other!, row, load)) : [];
    // In turns, so that whatever else the machine does falls on all alike.
    for (let login = 0; login < warmUp + logins; login += 1) {
      shared.now += 61_000;
      for (const one of measured) await logIn(one, shared, login >= warmUp);
    }
    load.on = false;
    await Promise.all(writing);
    for (const [index, { app, halted, verified }] of measured.entries()) {
      lines.push(
        `${busy ? `while another node takes ${writers} streams of writes` : 'quiet'}, wsrep_sync_wait=${waits[index]}: halted login ${spread(halted)}, second step ${spread(verified)}`,
      );
      await app.close();
    }
  }
  await galera.set('wsrep_sync_wait', 0);
  return lines;
}

async function write(node: GaleraNode, row: number, load: { readonly on: boolean }): Promise<void> {
  const connection = await createConnection(node.url('cost'));
  await connection.query('CREATE TABLE IF NOT EXISTS writes (id INT PRIMARY KEY, v INT NOT NULL)');
  await connection.query(`REPLACE INTO writes VALUES (${row}, 0)`);
  while (load.on) await connection.query(`UPDATE writes SET v = v + 1 WHERE id = ${row}`);
  await connection.end();
}

async function logIn({ app, id, secret, halted, verified }: Measured, shared: Shared, counts: boolean): Promise<void> {
  const began = performance.now();
  const { cookie } = await app.post('/login', { username: id, password: id });
  const between = performance.now();
  const answer = await app.post('/2fa', { code: shared.totp(secret) }, cookie);
  assert.equal(answer.status, 200);
  if (!counts) return;
  halted.push(between - began);
  verified.push(performance.now() - between);
}
