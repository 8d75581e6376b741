// The traffic of lab/load, unchanged, over a cluster whose nodes are lost and come back meanwhile.
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import { generateKey, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import type { Cluster } from '../load/cluster.js';
import { attack, halt, Log, logIn, type LoadUser } from '../load/logins.js';
import { tally } from './figures.js';
import { Fleet } from './fleet.js';
import { waitUntilBack } from './losses.js';
import type { Galera, GaleraNode } from './nodes.js';
import { Proxy } from './proxy.js';

const people = Number(process.env.USERS ?? 60);
const processes = Number(process.env.PROCESSES ?? 3);
const workers = 8;
const guesses = 16;
const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const tables = ['accounts', 'authenticators', 'backup_codes', 'challenges', 'quotas'];

/**
 * How connections go to the nodes; which statements wait until their node is in step (1 reads, 2 UPDATE and DELETE); and
 * how often the server itself runs again what met a conflict: 0 leaves all of them to the library.
 */
const setups = [
  { way: 'spread', wait: 0, again: 1 },
  { way: 'spread', wait: 1, again: 0 },
  { way: 'spread', wait: 3, again: 0 },
  { way: 'one', wait: 1, again: 1 },
] as const;

export async function traffic(galera: Galera): Promise<string[]> {
  const lines: string[] = [];
  for (const [index, { way, wait, again }] of setups.entries()) {
    const only = process.env.SETUP;
    if (only !== undefined && only !== `${way}${wait}`) continue;
    await galera.set('wsrep_sync_wait', wait);
    await galera.set('wsrep_retry_autocommit', again);
    lines.push(...(await run(galera, `traffic${index}`, way, wait)));
  }
  await galera.set('wsrep_sync_wait', 0);
  await galera.set('wsrep_retry_autocommit', 1);
  return lines;
}

async function run(galera: Galera, database: string, way: 'spread' | 'one', wait: number): Promise<string[]> {
  await galera.nodes[0]!.query(`CREATE DATABASE ${database}`);
  const db = await new DataSource({
    type: 'mysql',
    url: galera.nodes[0]!.url(database),
    entities: twoFactorEntities(),
    synchronize: true,
  }).initialize();
  const keys = generateKey('k1');
  let now = Date.UTC(2026, 0, 1, 12);
  const service = new TwoFactorService({
    db,
    keys,
    clock: () => now,
    twoFactor: { issuer: 'Galera', backupCodesCount: 1 },
    users: { id: (user) => user.id, find: (id) => ({ id }) },
  });
  const enroll = (ids: string[]): Promise<LoadUser[]> =>
    Promise.all(
      ids.map(async (id) => {
        const { secret } = await service.setup.totp(id, false, { qr: 'svg' });
        return { id, secret, accepted: [], unknown: [] };
      }),
    );
  const users = await enroll(Array.from({ length: people }, (_, index) => `user${index}`));
  const attacked = await enroll(['attacked']);
  await db.destroy();
  await galera.inStep();

  const redis = await createClient({ url: redisUrl }).connect();
  const prefix = `galera:${randomBytes(6).toString('hex')}:`;
  const proxy = await Proxy.open(galera, way);
  const fleet = await Fleet.open(processes, { url: proxy.url(database), keys, now, redisUrl, prefix });
  // What lab/load asks of its processes, these answer too.
  const cluster = fleet as unknown as Cluster;
  const log = new Log();
  const judged: string[] = [];
  const began = Date.now();
  try {
    const losing = { on: true };
    const lost = loseNodes(proxy).finally(() => {
      losing.on = false;
    });
    for (let round = 0; losing.on || round < 10; round += 1) {
      await fleet.setClock((now += 61_000));
      const queue = [...users].sort(() => randomInt(3) - 1).values();
      const work = Array.from({ length: workers }, async () => {
        for (const user of queue) await logIn(cluster, log, user, now);
      });
      const guessing =
        round >= 5
          ? []
          : attacked.map(async (user) => {
              const [least, most] = await attack(cluster, log, user, now, guesses);
              judged.push(`${least}–${most}`);
              if (least > (round === 0 ? 5 : 1)) log.violation(user, `${least} guesses of one burst were judged`);
            });
      await Promise.all([...work, ...guessing]);
    }
    const events = await lost;
    await waitUntilBack(galera);
    const seconds = ((Date.now() - began) / 1000).toFixed(0);
    const finished = log.finished;

    // Afterwards everybody gets in at the first try: no loss has locked anybody out.
    await fleet.setClock((now += 3_600_000));
    for (const user of [...users, ...attacked]) await logIn(cluster, log, user, now, true);
    const denied = log.violations.filter((violation) =>
      /a right code did not log in \(\d+ (CHALLENGE_EXPIRED|NOT_VERIFIED|TOO_MANY_ATTEMPTS)\)/.test(violation),
    );
    // Without the wait a node may not know yet what the same login has just written on another one: it is denied.
    const others = log.violations.filter((violation) => wait >= 3 || way === 'one' || !denied.includes(violation));
    assert.deepEqual(others, []);
    if (denied.length === 0) assert.equal(log.finished - finished, users.length + attacked.length);
    const half = await halt(cluster, log, users[0]!);
    assert.equal((await cluster.me(half))?.status, 401);
    await checkRows(galera, database, users, denied.length > 0);
    const nodes = [...proxy.served].map(([node, times]) => `${node.name} ${times}`).join(', ');
    return [
      `connections ${way === 'spread' ? 'spread over the nodes' : 'to one node until it is lost'}, wsrep_sync_wait=${wait}: ${log.logins} logins by ${people} users over ${processes} processes in ${seconds} s ` +
        `(connections: ${nodes}); ${events.join(', ')}; ${log.finished} finished, ${log.again} tried again, ${log.wrong} wrong codes, ${log.duplicates} sent twice at once, ${judged.join(', ')} guesses judged of ${guesses} each`,
      `  answers without a verdict: ${tally(fleet.failed)}; errors that the library met: ${tally(fleet.errors)}; right codes denied for a stale write: ${denied.length}; other violations: ${others.length}; rows alike on all nodes`,
    ];
  } finally {
    fleet.stop();
    proxy.close();
    const sessions = await redis.keys(`${prefix}*`);
    if (sessions.length > 0) await redis.del(sessions);
    redis.destroy();
  }
}

/** The node that connections go to is killed and comes back by what it missed; another one loses its disk too. */
async function loseNodes(proxy: Proxy): Promise<string[]> {
  const events: string[] = [];
  for (const wiped of [false, true]) {
    await delay(3000);
    const node: GaleraNode = proxy.target;
    await node.kill();
    proxy.drop(node);
    await delay(1000);
    if (wiped) node.wipe();
    const took = await node.start();
    proxy.take(node);
    events.push(
      `${node.name} killed${wiped ? ' and wiped' : ''}, back by ${node.joinedBy()} in ${(took / 1000).toFixed(1)} s`,
    );
  }
  await delay(3000);
  return events;
}

/** All nodes hold the same rows, and the rows hold what the clients were told. */
async function checkRows(
  galera: Galera,
  database: string,
  users: readonly LoadUser[],
  someDenied: boolean,
): Promise<void> {
  for (const table of tables) {
    const copies = await Promise.all(
      galera.nodes.map((node) =>
        node.query(`SET STATEMENT wsrep_sync_wait = 1 FOR SELECT * FROM ${database}.two_factor_${table} ORDER BY 1, 2`),
      ),
    );
    for (const copy of copies) assert.deepEqual(copy, copies[0], `the nodes do not agree on ${table}`);
  }
  const accounts = await galera.nodes[0]!.query(`SELECT * FROM ${database}.two_factor_accounts`);
  for (const user of users) {
    const steps = [...user.accepted].sort((a, b) => a - b);
    assert.equal(new Set(steps).size, steps.length, `a code of ${user.id} was taken twice`);
    const account = accounts.find(({ user_id: id }) => id === user.id)!;
    assert.equal(account.failures, 0);
    if (!someDenied) assert.equal(Number(account.last_step), steps.at(-1));
  }
}
