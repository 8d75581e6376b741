import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TwoFactorMechanism } from 'passport-two-factor';
import { generateOneTimeCode } from '../../lib/core/one-time-code.js';
import { decodeBase32 } from '../../lib/core/provisioning.js';
import { generateTotpSecret } from '../../lib/core/totp.js';
import type { TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { mailbox, rows } from './probe.js';
import { burst, halted, Listening, loggedIn, openCrowded, waysIn } from './support.js';

describe.each(databases)('sending, on $name', (database) => {
  let test: TestApp;
  let server: Listening;
  let ids = 0;
  const mail = mailbox();
  const refused = new Set<string>();

  beforeAll(async () => {
    test = await openCrowded(database, {
      service: { deliver: mail.deliver, allowDestination: (contact) => !refused.has(contact) },
    });
    server = await Listening.open(test);
  });
  afterAll(async () => {
    await server.close();
    await test.close();
  });

  const sentTo = (address: string): number => mail.messages.filter(({ to }) => to === address).length;
  const password = ({ email, password: given }: TestUser) => ({ email, password: given });

  it('63: 20 resends in a row send one message each 30, 60 and 120 seconds, then none', async () => {
    const user = await test.withEmail((ids += 1));
    const pending = await halted(test, user);
    expect(sentTo(user.email)).toBe(1);
    const retries: number[] = [];
    for (let asked = 0; asked < 20; asked += 1) {
      const answer = await test.call(pending, 'challenge.email');
      if (answer.status === 200) continue;
      expect(answer.status).toBe(429);
      retries.push((answer.body as { error: { retryAfter: number } }).error.retryAfter);
      expect(answer.headers['retry-after']).toBe(String(retries.at(-1)));
      test.clock.advance(retries.at(-1)! * 1000 - 1);
      await test.call(pending, 'challenge.email').expect(asked > 15 ? 401 : 429);
      if (sentTo(user.email) === 4) break;
      test.clock.advance(1);
    }
    expect(retries).toEqual([30, 60, 120, 390]);
    expect(sentTo(user.email)).toBe(4);
    test.clock.advance(1);
    await test.call(pending, 'challenge.email').expect(401);
  });

  it('63: 20 resends at once send one message', async () => {
    const user = await test.withEmail((ids += 1));
    const pending = server.agent();
    await pending.post('/login').send(password(user)).expect(202);
    test.clock.advance('30s');
    const { statuses } = await burst(20, () => test.call(pending, 'challenge.email'));
    expect(statuses).toEqual({ 200: 1, 429: 19 });
    expect(sentTo(user.email)).toBe(2);
  });

  it.each(waysIn)('63: repeated logins send five messages an hour and ten a day, then none: $way', async (wayIn) => {
    const user = await test.withEmail((ids += 1));
    const tries = async (count: number): Promise<number[]> => {
      const statuses: number[] = [];
      for (let index = 0; index < count; index += 1) statuses.push((await wayIn.first(test.agent(), user)).status);
      return statuses;
    };
    const [halts, refusals] = [Array<number>(5).fill(202), [429, 429]];
    expect(await tries(7)).toEqual([...halts, ...refusals]);
    test.clock.advance('1h');
    expect(await tries(7)).toEqual([...halts, ...refusals]);
    test.clock.advance('1h');
    expect(await tries(2)).toEqual(refusals);
    expect(sentTo(user.email)).toBe(10);
    test.clock.advance('22h');
    expect(await tries(1)).toEqual([202]);
  });

  it('63: 20 logins at once send exactly five messages, the others are refused', async () => {
    const user = await test.withEmail((ids += 1));
    const { statuses } = await burst(20, () => server.agent().post('/login').send(password(user)));
    expect(sentTo(user.email)).toBe(5);
    expect(statuses).toEqual({ 202: 5, 429: 15 });
  });

  it('63: 20 step-ups of a full session, in a row and at once, send five messages at the most', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    await test.service.setup.email(String(user.id));
    const agent = await loggedIn(test, user, secret);
    const before = sentTo(user.email);
    for (let asked = 0; asked < 20; asked += 1)
      await test.call(agent, 'challenge.email').expect(asked === 0 ? 200 : 429);
    expect(sentTo(user.email) - before).toBe(1);
    const cookie = (await server.agent().post('/login').send(password(user)).expect(202)).headers['set-cookie']!;
    await server
      .agent()
      .post('/verify-2fa')
      .set('Cookie', cookie)
      .send({ code: test.totp(secret) })
      .expect(200);
    await burst(20, () => test.call(server.agent().set('Cookie', cookie), 'challenge.email'));
    await burst(20, () => server.agent().post('/login').send(password(user)));
    expect(sentTo(user.email)).toBe(5);
  });

  it('63: many accounts cannot flood one stranger with enrollments', async () => {
    const stranger = 'stranger@example.net';
    const statuses: number[] = [];
    for (let account = 0; account < 7; account += 1) {
      const user = await test.user((ids += 1));
      const agent = test.agent();
      await test.login(agent, user).expect(200);
      statuses.push((await test.call(agent, 'setup.email', account % 2 ? stranger.toUpperCase() : stranger)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    expect(mail.messages.filter(({ to }) => to.toLowerCase() === stranger)).toHaveLength(5);
  });

  it('64: nothing is sent to a destination that the app refuses', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = await loggedIn(test, user, secret);
    refused.add('+15550000001');
    for (const requireVerification of [true, false])
      await test.call(agent, 'setup.sms', '+1 555 000 0001', requireVerification).expect(400);
    expect(await rows(test, 'TwoFactorAuthenticator', user.id)).toHaveLength(1);

    await test.call(agent, 'setup.sms', '+15550000002', false).expect(200);
    refused.add('+15550000002');
    await test.call(agent, 'challenge.sms').expect(400);
    const pending = test.agent();
    const halt = await test.login(pending, user).expect(202);
    expect(halt.body.methods).not.toHaveProperty('sms');
    await test.call(pending, 'challenge.sms').expect(400);
    expect(mail.messages.filter(({ to }) => to.startsWith('+1555000000'))).toEqual([]);
  });

  it('64: a user whose only destination is refused is not logged in without a code', async () => {
    const user = await test.user((ids += 1));
    await test.service.setup.sms(String(user.id), '+15550000003', false);
    refused.add('+15550000003');
    const agent = test.agent();
    await test.login(agent, user).expect(502);
    await agent.get('/me').expect(401);
    await agent.post('/complete').expect(401);
    expect(mail.messages.filter(({ to }) => to === '+15550000003')).toEqual([]);
  });

  it('65, 66: codes and secrets that were handed out are never the same', async () => {
    const user = await test.user((ids += 1));
    const id = String(user.id);
    const secrets = new Set<string>();
    for (let begun = 0; begun < 20; begun += 1)
      secrets.add((await test.service.setup.totp(id, true, { label: `app ${String(begun)}`, qr: 'svg' })).secret);
    expect(secrets.size).toBe(20);
    for (const secret of secrets) expect(decodeBase32(secret)).toHaveLength(20);
    await test.service.setup.email(id);
    expect(await test.service.getEnabledMethods(id)).toEqual([TwoFactorMechanism.EMAIL]);
    const from = mail.messages.length;
    for (let asked = 0; asked < 5; asked += 1) await test.service.challenge.email(id);
    expect(new Set(mail.messages.slice(from).map(({ code }) => code)).size).toBeGreaterThan(1);
  });
});

describe('chance', () => {
  /** Sum of squared deviations over expectation: below the bound in all but one of a thousand million runs. */
  const chiSquared = (counts: readonly number[], expected: number): number =>
    counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);

  it('65: the digits of a million codes are uniform at every place', () => {
    const counts = Array.from({ length: 6 }, () => Array<number>(10).fill(0));
    for (let made = 0; made < 1_000_000; made += 1) {
      const code = generateOneTimeCode(6);
      for (let place = 0; place < 6; place += 1) counts[place]![code.charCodeAt(place) - 48]! += 1;
    }
    for (const place of counts) expect(chiSquared(place, 100_000)).toBeLessThan(63); // 9 degrees of freedom
  });

  it('66: ten thousand secrets have 160 bits each and are unique', () => {
    const secrets = Array.from({ length: 10_000 }, generateTotpSecret);
    expect(secrets.every((secret) => secret.length === 20)).toBe(true);
    expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(10_000);
  });
});
