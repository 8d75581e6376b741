// A node answers reads before it has applied what another one committed, unless wsrep_sync_wait makes it wait. What that
// means for a login: with a node in step, with one that has a large transaction of the app to apply, and with one that stands.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { TwoFactorMechanism } from 'passport-two-factor';
import { count, tally, type Tally } from './figures.js';
import { NodeApp, Shared, type Answer } from './node-app.js';
import type { Galera, GaleraNode } from './nodes.js';

const rounds = Number(process.env.STALE ?? 200);
const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP';
const batchRows = 300_000;

interface Place {
  readonly here: NodeApp;
  readonly there: NodeApp;
  readonly writer: GaleraNode;
  readonly shared: Shared;
}

let ids = 0;
const newId = (): string => `stale${(ids += 1)}`;

export async function stale(galera: Galera): Promise<string[]> {
  const [writer, reader] = galera.nodes;
  await writer!.query('CREATE DATABASE stale');
  await writer!.query(
    `CREATE TABLE stale.batch (id INT PRIMARY KEY, v INT NOT NULL) AS SELECT seq AS id, 0 AS v FROM stale.seq_1_to_${batchRows}`,
  );
  const shared = new Shared();
  const lines: string[] = [];
  for (const wait of [0, 1]) {
    await galera.set('wsrep_sync_wait', wait);
    const here = await NodeApp.open(writer!.url('stale'), shared, true);
    const there = await NodeApp.open(reader!.url('stale'), shared);
    await galera.inStep();
    const place = { here, there, writer: writer!, shared };
    for (const [load, before] of [
      ['quiet', () => Promise.resolve()],
      [`behind an UPDATE of ${batchRows} rows`, () => batch(writer!)],
    ] as const) {
      const times = load === 'quiet' ? rounds : 2;
      const enrolled = await enrolThenLogIn(place, times, before);
      const halted = await haltThenFinish(place, times, before);
      const ended = await endThenUse(place, Math.min(times, 50), before);
      lines.push(
        `wsrep_sync_wait=${wait}, ${load}: ${enrolled.text}; second step elsewhere: ${halted.text}; mark that a change of factors ended: ${ended.text}`,
      );
      if (wait === 1) {
        assert.deepEqual([enrolled.wrong, halted.wrong, ended.wrong], [0, 0, 0]);
      } else if (load !== 'quiet') {
        assert.ok(enrolled.wrong > 0, 'the node was not behind');
      }
    }
    if (wait === 1) lines.push(await standing(place, reader!));
    await here.close();
    await there.close();
  }
  await galera.set('wsrep_sync_wait', 0);
  return lines;
}

/** A transaction of the app's own, which the other nodes begin to apply when it is committed here. */
async function batch(node: GaleraNode): Promise<void> {
  await node.query('UPDATE stale.batch SET v = v + 1');
}

interface Figures {
  readonly text: string;
  /** What would not have happened on one server. */
  readonly wrong: number;
}

/** An enrollment is answered on one node, and the user logs in on another: is the login halted? */
async function enrolThenLogIn({ here, there }: Place, times: number, before: () => Promise<void>): Promise<Figures> {
  let passed = 0;
  let longest = 0;
  for (let round = 0; round < times; round += 1) {
    const id = newId();
    await before();
    await here.service.importTotp(id, secret);
    const began = performance.now();
    let answer = await there.post('/login', { username: id, password: id });
    if (answer.status === 200) passed += 1;
    const first = answer;
    while (answer.status === 200) {
      longest = performance.now() - began;
      await delay(5);
      answer = await there.post('/login', { username: id, password: id });
    }
    assert.equal(answer.status, 202, answer.code);
    if (first.status === 200) await asBeforeTheEnrollment(there, first);
  }
  return {
    text: `${passed} of ${times} logins right after the enrollment passed without it${passed > 0 ? ` (for up to ${longest.toFixed(0)} ms)` : ''}`,
    wrong: passed,
  };
}

/** Such a session is like one from before the enrollment: logged in, and refused wherever the second factor counts. */
async function asBeforeTheEnrollment(app: NodeApp, { cookie }: Answer): Promise<void> {
  assert.equal(await app.get('/me', cookie), 200);
  assert.equal(await app.get('/admin', cookie), 403);
  for (const [path, body] of [
    ['/setup', {}],
    ['/disable', { mechanism: TwoFactorMechanism.TOTP }],
  ] as const) {
    assert.equal((await app.post(path, body, cookie)).code, 'STEP_UP_REQUIRED');
  }
}

/** A login is halted on one node and its second step comes to another at once. */
async function haltThenFinish(
  { here, there, shared }: Place,
  times: number,
  before: () => Promise<void>,
): Promise<Figures> {
  const id = newId();
  await here.service.importTotp(id, secret);
  await delay(500);
  const answers: Tally = {};
  for (let round = 0; round < times; round += 1) {
    shared.now += 61_000;
    await before();
    const { cookie } = await here.post('/login', { username: id, password: id });
    const answer = await there.post('/2fa', { code: shared.totp(secret) }, cookie);
    count(answers, answer.code ?? answer.status);
    await delay(answer.status === 200 ? 0 : 20);
  }
  return { text: tally(answers), wrong: times - (answers['200'] ?? 0) };
}

/** The factors are changed on one node, which ends the marks of all sessions, and one of them is used on another. */
async function endThenUse(
  { here, there, shared }: Place,
  times: number,
  before: () => Promise<void>,
): Promise<Figures> {
  const answers: Tally = {};
  for (let round = 0; round < times; round += 1) {
    const id = newId();
    await here.service.importTotp(id, secret);
    const { cookie: pending } = await here.post('/login', { username: id, password: id });
    const { cookie } = await here.post('/2fa', { code: shared.totp(secret) }, pending);
    await before();
    await here.service.generateNewBackupCodes(id);
    count(answers, await there.get('/admin', cookie));
    await delay(20);
  }
  return { text: tally(answers), wrong: answers['200'] ?? 0 };
}

/** A node that takes connections and applies nothing: its reads have to fail, not to answer what was. */
async function standing({ here, there }: Place, node: GaleraNode): Promise<string> {
  await node.query(`SET GLOBAL wsrep_provider_options = 'repl.causal_read_timeout=PT2S'`);
  const lock = await createConnection({ uri: node.url() });
  await lock.query('FLUSH TABLES WITH READ LOCK');
  const id = newId();
  await here.service.importTotp(id, secret);
  const began = performance.now();
  const answer = await there.post('/login', { username: id, password: id });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  assert.notEqual(answer.status, 200);
  await lock.query('UNLOCK TABLES');
  await lock.end();
  await node.query(`SET GLOBAL wsrep_provider_options = 'repl.causal_read_timeout=PT30S'`);
  return `a node that stands, with a timeout of 2 s: ${answer.code ?? answer.status} after ${seconds} s, errors ${tally(there.seen)}`;
}
