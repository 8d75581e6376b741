// One code, or many guesses, at all nodes at once: what must hold on one server must hold on three.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { count, tally, type Tally } from './figures.js';
import { NodeApp, Shared, type Answer } from './node-app.js';
import type { Galera } from './nodes.js';

const rounds = Number(process.env.BURSTS ?? 10);
const parallel = 20;
const guesses = 50;

interface Victim {
  readonly id: string;
  readonly secret: string;
  readonly backupCodes: readonly string[];
}

type Ways = (app: NodeApp, code: string, cookie: string) => Promise<Answer>;

const byStrategy: Ways = (app, code, cookie) => app.post('/2fa', { code }, cookie);
const byCall =
  (method: string): Ways =>
  (app, code, cookie) =>
    app.post('/verify-2fa', { method, code }, cookie);

export async function bursts(galera: Galera): Promise<string[]> {
  await galera.nodes[0]!.query('CREATE DATABASE bursts');
  const lines: string[] = [];
  for (const again of [0, 1]) {
    await galera.set('wsrep_retry_autocommit', again);
    await galera.set('wsrep_sync_wait', 1);
    const before = await conflicts(galera);
    const shared = new Shared();
    const apps: NodeApp[] = [];
    for (const [index, node] of galera.nodes.entries())
      apps.push(await NodeApp.open(node.url('bursts'), shared, index === 0));
    const burst = new Burst(apps, shared, `a${again}`);
    for (let round = 0; round < rounds; round += 1) {
      for (const way of [byStrategy, byCall('totp')])
        await burst.once('TOTP', way, ({ secret }) => shared.totp(secret));
      for (const way of [byStrategy, byCall('backupCode')])
        await burst.once('backup code', way, ({ backupCodes }) => backupCodes[0]!);
      await burst.once('e-mailed code', byCall('email'), ({ id }) => shared.outbox.get(id)!);
      await burst.guesses();
    }
    const seen: Tally = {};
    for (const app of apps)
      for (const [error, times] of Object.entries(app.seen)) seen[error] = (seen[error] ?? 0) + times;
    if (again === 0) assert.ok((seen['1213'] ?? 0) > 0, 'no statement met a conflict');
    lines.push(
      `wsrep_retry_autocommit=${again}: ${burst.bursts} bursts of ${parallel} with one right code over three nodes: one taken in each; answers: ${tally(burst.answers)}`,
    );
    lines.push(
      `  ${rounds} bursts of ${guesses} wrong codes: at most ${burst.mostJudged} judged in one; answers: ${tally(burst.refusals)}`,
    );
    lines.push(
      `  errors that the library met: ${tally(seen)}; ${(await conflicts(galera)) - before} conflicts by the nodes' own count`,
    );
    for (const app of apps) await app.close();
  }
  await galera.set('wsrep_retry_autocommit', 1);
  await galera.set('wsrep_sync_wait', 0);
  return lines;
}

const conflicts = async (galera: Galera): Promise<number> =>
  (await galera.sum('wsrep_local_cert_failures')) + (await galera.sum('wsrep_local_bf_aborts'));

class Burst {
  readonly answers: Tally = {};
  readonly refusals: Tally = {};
  bursts = 0;
  mostJudged = 0;
  private ids = 0;

  constructor(
    private readonly apps: readonly NodeApp[],
    private readonly shared: Shared,
    private readonly prefix: string,
  ) {}

  /** Many requests at all nodes with one right code, for three pending logins: one of them is logged in. */
  async once(what: string, way: Ways, codeOf: (victim: Victim) => string): Promise<void> {
    const victim = await this.enroll(what === 'e-mailed code');
    const cookies =
      what === 'e-mailed code' ? [await this.halt(victim)] : await Promise.all(this.apps.map(() => this.halt(victim)));
    const code = codeOf(victim);
    const answers = await Promise.all(
      Array.from({ length: parallel }, (_, index) =>
        // Begun on one node, finished on another.
        way(this.apps[(index + 1) % this.apps.length]!, code, cookies[index % cookies.length]!),
      ),
    );
    for (const answer of answers) count(this.answers, answer.code ?? answer.status);
    this.bursts += 1;
    const right = answers.filter(({ status }) => status === 200);
    assert.equal(
      right.length,
      1,
      `a ${what} was taken ${right.length} times: ${answers.map((answer) => answer.code ?? answer.status).join()}`,
    );
    let inside = 0;
    for (const { cookie } of answers) if ((await this.random().get('/me', cookie)) === 200) inside += 1;
    assert.equal(inside, 1, `${inside} sessions were logged in by one ${what}`);
    for (const app of this.apps) assert.equal(await app.get('/me', right[0]!.cookie), 200, 'a finished login was lost');
    // Nor is it good afterwards, anywhere.
    for (const app of this.apps) {
      const late = await way(app, code, await this.halt(victim));
      assert.notEqual(late.status, 200, `a ${what} was good twice`);
    }
  }

  /** Guesses at all nodes at once have one budget of five. */
  async guesses(): Promise<void> {
    const victim = await this.enroll(false);
    const cookies = await Promise.all(this.apps.map(() => this.halt(victim)));
    const wrong = this.shared.wrongTotp(victim.secret);
    const answers = await Promise.all(
      Array.from({ length: guesses }, (_, index) =>
        byStrategy(this.apps[(index + 1) % this.apps.length]!, wrong, cookies[index % cookies.length]!),
      ),
    );
    for (const answer of answers) count(this.refusals, answer.code ?? answer.status);
    const judged = answers.filter(({ code }) => code === 'INVALID_CODE').length;
    assert.ok(judged >= 1 && judged <= 5, `${judged} guesses of one burst were judged`);
    this.mostJudged = Math.max(this.mostJudged, judged);
    for (const app of this.apps) {
      const account = await app.db.getRepository('TwoFactorAccount').findOneByOrFail({ userId: victim.id });
      assert.equal(account.windowFailures, judged, 'what was answered as wrong is not what was charged');
    }
    for (const cookie of cookies) assert.equal(await this.random().get('/me', cookie), 401);
    // Whoever was guessed at gets in once the backoff is over, at the first try.
    this.shared.now += 3_600_000;
    const cookie = await this.halt(victim);
    assert.equal(
      (await byStrategy(this.random(), this.shared.totp(victim.secret), cookie)).status,
      200,
      'locked out by guesses',
    );
  }

  private async enroll(email: boolean): Promise<Victim> {
    const id = `${this.prefix}u${(this.ids += 1)}`;
    const { secret, backupCodes = [] } = await this.random().service.setup.totp(id, false, { qr: 'svg' });
    if (email) await this.random().service.setup.email(id);
    this.shared.now += 61_000;
    return { id, secret, backupCodes };
  }

  private async halt({ id }: Victim): Promise<string> {
    const halted = await this.random().post('/login', { username: id, password: id });
    assert.equal(halted.status, 202, `the first factor did not halt: ${halted.code}`);
    assert.equal(await this.random().get('/me', halted.cookie), 401, 'logged in by the first factor alone');
    return halted.cookie;
  }

  private random(): NodeApp {
    return this.apps[randomInt(this.apps.length)]!;
  }
}
