import { generateKey } from 'passport-two-factor';
import { MemoryStore } from 'express-session';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Keyring } from '../../lib/core/keyring.js';
import type { PendingContent } from '../../lib/service/pending-token.js';
import type { Agent, TestApp, TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { codeOf, expectDenied, openApp, sessionCookie, strategies } from './support.js';

/** A pending login lies in its token alone: who alters, replays or invents one must get nowhere. */
describe.each(databases)('67: the token of a pending login on $name', (database) => {
  let test: TestApp;
  let keyring: Keyring;
  let ids = 0;
  const store = new MemoryStore();

  beforeAll(async () => {
    test = await openApp(database, { store, service: { limits: { attempts: 10 } } });
    keyring = new Keyring(test.keys);
  });
  beforeEach(() => {
    test.clock.advance('1h');
  });
  afterAll(() => test.close());

  async function tokenOf({ email, password }: TestUser): Promise<string> {
    const { body } = await test.agent().post('/token/login').send({ email, password }).expect(202);
    return (body as { challengeToken: string }).challengeToken;
  }

  const finish = (challengeToken: string, code: string, agent: Agent = test.agent()) =>
    agent.post('/token/2fa').send({ challengeToken, code });

  const opened = (token: string): PendingContent =>
    JSON.parse(keyring.openToken('pending-login', 'token', token)!) as PendingContent;
  const sealed = (content: object, holder = 'token', ring = keyring): string =>
    ring.sealToken('pending-login', holder, JSON.stringify(content));

  const sessions = (): Record<string, string> => (store as unknown as { sessions: Record<string, string> }).sessions;
  const account = (user: TestUser) =>
    test.db.getRepository('TwoFactorAccount').findOneByOrFail({ userId: String(user.id) });
  const write = (user: TestUser, columns: object) =>
    test.db.getRepository('TwoFactorAccount').update({ userId: String(user.id) }, columns);
  const verdicts = async (user: TestUser): Promise<unknown[][]> =>
    JSON.parse(((await account(user)) as { verdicts: string }).verdicts || '[]') as unknown[][];

  it('of another key, holder, Passport, epoch or time is dead, and costs its user nothing', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const content = opened(await tokenOf(user));
    const code = test.totp(secret);
    const now = test.clock.now;
    const others = [
      sealed(content, 'token', new Keyring(generateKey('k1'))),
      sealed(content, 'token', new Keyring(generateKey('gone'))),
      sealed(content, 'session'),
      sealed({ ...content, passport: 'another' }),
      sealed({ ...content, challengeEpoch: content.challengeEpoch - 1 }),
      sealed({ ...content, securityEpoch: content.securityEpoch + 1 }),
      sealed({ ...content, expiresAt: now }),
      sealed({ ...content, userId: 'nobody' }),
    ];
    const agent = test.agent();
    const before = await account(user);
    for (const token of others) await expectDenied(agent, finish(token, code, agent), 'CHALLENGE_EXPIRED');
    expect(await account(user)).toEqual(before);
    await finish(sealed(content), code).expect(200);
  });

  it('in another spelling is dead, before its use and after', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const token = await tokenOf(user);
    const [version, key, text] = token.split('.') as [string, string, string];
    const spellings = [
      `${token}=`,
      `${token}.`,
      `${version}.${key}.${text}A`,
      `${version}.${key}.${Buffer.from(text, 'base64url').toString('base64')}==`,
      `${version}.${key}. ${text}`,
      `V1.${key}.${text}`,
    ];
    const agent = test.agent();
    const tryAll = async (): Promise<void> => {
      for (const spelling of spellings)
        await expectDenied(agent, finish(spelling, test.totp(secret), agent), 'CHALLENGE_EXPIRED');
    };
    await tryAll();
    await finish(token, test.totp(secret)).expect(200);
    test.clock.advance('30s');
    await tryAll();
    await expectDenied(agent, finish(token, test.totp(secret), agent), 'CHALLENGE_EXPIRED');
  });

  it('of a session store that went back in time is dead once it was used, by either way', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    for (const second of ['/2fa', '/verify']) {
      const agent = test.agent();
      const cookie = sessionCookie(await strategies.first(agent, user).expect(202))!;
      const before = { ...sessions() };
      await agent
        .post(second)
        .send({ code: test.totp(secret) })
        .expect(200);
      Object.assign(sessions(), before);
      test.clock.advance('30s');
      for (const path of ['/2fa', '/verify', '/complete']) {
        const thief = test.agent();
        const attempt = thief
          .post(path)
          .set('Cookie', cookie)
          .send({ code: test.totp(secret) });
        await expectDenied(thief, attempt, 'CHALLENGE_EXPIRED');
      }
    }
  });

  it('of two hundred logins begun at once serves one login for each code', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const tokens: string[] = [];
    for (let batch = 0; batch < 20; batch += 1)
      tokens.push(...(await Promise.all(Array.from({ length: 10 }, () => tokenOf(user)))));
    expect(new Set(tokens).size).toBe(200);
    const code = test.totp(secret);
    const answers = await Promise.all(tokens.map((token) => finish(token, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers)
      if (answer.status !== 200)
        expect(['INVALID_CODE', 'TOO_MANY_ATTEMPTS', 'CHALLENGE_EXPIRED']).toContain(codeOf(answer));
  });

  describe('cannot be forged by a writer of the database who has no key', () => {
    async function verifiedSession(): Promise<{ user: TestUser; secret: string; agent: Agent }> {
      const made = await test.withTotp((ids += 1));
      const agent = test.agent();
      await strategies.first(agent, made.user).expect(202);
      return { ...made, agent };
    }
    function pendingId(user: TestUser): string {
      const contents = Object.values(sessions()).map((text) => {
        const { twoFactor } = JSON.parse(text) as { twoFactor?: { pending?: { token: string } } };
        const kept = keyring.openToken('pending-login', 'session', twoFactor?.pending?.token ?? '');
        return kept === undefined ? undefined : (JSON.parse(kept) as PendingContent);
      });
      return contents.find((content) => content?.userId === String(user.id))!.id;
    }

    it('by an entry that says verified', async () => {
      const { user, agent } = await verifiedSession();
      const id = pendingId(user);
      for (const mac of [`${keyring.current}.`, `${keyring.current}.${'0'.repeat(64)}`]) {
        await write(user, {
          verdicts: JSON.stringify([[id, 'login', 'verified', 'totp', test.clock.now + 60_000, mac]]),
        });
        await expectDenied(agent, agent.post('/complete'));
      }
      await write(user, {
        verdicts: JSON.stringify([[id, 'login', 'verified', 'totp', test.clock.now + 60_000, 'gone.0']]),
      });
      await agent.post('/complete').expect(500);
      await agent.get('/me').expect(401);
    });

    it('by the entry of another login or of another user', async () => {
      const thief = await verifiedSession();
      await thief.agent
        .post('/verify')
        .send({ code: test.totp(thief.secret) })
        .expect(200);
      const entry = (await verdicts(thief.user)).find(([, , state]) => state === 'verified')!;
      const victim = await verifiedSession();
      const id = pendingId(victim.user);
      for (const forged of [entry, [id, ...entry.slice(1)]]) {
        await write(victim.user, { verdicts: JSON.stringify([forged]) });
        await expectDenied(victim.agent, victim.agent.post('/complete'));
      }
      // Nor is the entry of a login that was used turned back into one that was verified.
      await thief.agent.post('/complete').expect(200);
      const used = (await verdicts(thief.user)).map((one) => [...one.slice(0, 2), 'verified', ...one.slice(3)]);
      await write(thief.user, { verdicts: JSON.stringify(used) });
      await expectDenied(test.agent(), thief.agent.post('/complete'));
    });

    it('by deleting the entry: another right code is needed', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      const token = await tokenOf(user);
      const code = test.totp(secret);
      await finish(token, code).expect(200);
      await write(user, { verdicts: '' });
      await finish(token, code).expect(401);
      test.clock.advance('30s');
      await finish(token, test.totp(secret)).expect(200);
    });

    it.each(['{}', '[1]', '[["id"]]', 'nothing', '[["id","login","maybe","totp",1,"mac"]]', 'null'])(
      'by a list that is none: %s',
      async (list) => {
        const { user, secret } = await test.withTotp((ids += 1));
        const token = await tokenOf(user);
        await write(user, { verdicts: list });
        await finish(token, test.totp(secret)).expect(500);
      },
    );
  });

  it('is dead where its verdict was dropped from a full list, and so are those begun before', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    test.clock.advance('30s');
    const first = await tokenOf(user);
    test.clock.advance(1);
    const content = opened(first);
    const list = Array.from({ length: 20 }, (_entry, index) => [
      `id ${index}`,
      'login',
      'used',
      'totp',
      content.expiresAt + index,
      'mac',
    ]);
    await write(user, { verdicts: JSON.stringify(list) });
    const second = await tokenOf(user);
    await finish(second, test.totp(secret)).expect(200);
    expect(await verdicts(user)).toHaveLength(20);
    expect(Number(((await account(user)) as { deadUntil: unknown }).deadUntil)).toBe(content.expiresAt);
    test.clock.advance('30s');
    const agent = test.agent();
    await expectDenied(agent, finish(first, test.totp(secret), agent), 'CHALLENGE_EXPIRED');
  });

  it('is dead for a clock that is minutes slow, once a right one has dropped its verdict', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const token = await tokenOf(user);
    await finish(token, test.totp(secret)).expect(200);
    test.clock.advance('11m');
    await finish(await tokenOf(user), test.totp(secret)).expect(200);
    expect((await verdicts(user)).map(([id]) => id)).not.toContain(opened(token).id);
    test.clock.advance(-9 * 60_000);
    const agent = test.agent();
    // The step is ahead of every one that was spent; the token alone must be refused.
    test.clock.advance('1m');
    await expectDenied(agent, finish(token, test.totp(secret), agent), 'CHALLENGE_EXPIRED');
  });
});
