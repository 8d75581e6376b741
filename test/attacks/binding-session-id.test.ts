import { MemoryStore } from 'express-session';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CodeMessage } from 'passport-two-factor';
import { databases } from '../support/databases.js';
import type { TestApp } from '../support/app.js';
import { attackRoutes } from './routes.js';
import { codeOf, expectDenied, facade, halted, loggedIn, openApp, sessionCookie } from './support.js';

/** A step at which a request is held until the test lets it go on. */
class Gate {
  private pass: (() => void) | undefined;
  private arrived: (() => void) | undefined;
  private armed = false;

  /** Resolves when the next request has come here. */
  hold(): Promise<void> {
    this.armed = true;
    return new Promise((resolve) => {
      this.arrived = resolve;
    });
  }

  release(): void {
    this.armed = false;
    this.pass?.();
  }

  async through(): Promise<void> {
    if (!this.armed) return;
    const passed = new Promise<void>((resolve) => {
      this.pass = resolve;
    });
    this.arrived?.();
    await passed;
  }
}

describe.each(databases)('a session id and what is bound to it, on $name', (database) => {
  let test: TestApp;
  let ids = 0;
  const store = new MemoryStore();
  /** What lies in the store, by session id. */
  const rows = (): Record<string, string> => (store as unknown as { sessions: Record<string, string> }).sessions;
  const gate = new Gate();
  const mail: CodeMessage[] = [];
  const cookieOf = (value: string) => (path: string) => test.agent().get(path).set('Cookie', value);

  beforeAll(async () => {
    test = await openApp(database, {
      store,
      service: {
        deliver: {
          email: async (message) => {
            mail.push(message);
            await gate.through();
          },
        },
      },
      routes: (app, given) => {
        attackRoutes(app, given);
        app.post('/logout/keeping', (req, res, next) => {
          req.logout({ keepSessionInfo: true }, (error: unknown) => {
            if (error) next(error as Error);
            else res.json({});
          });
        });
        app.post('/login/keeping', (req, res, next) => {
          const user = { id: (req.body as { id: number }).id };
          req.logIn(user, { session: true, keepSessionInfo: true }, (error: unknown) => {
            if (error) next(error as Error);
            else res.json({});
          });
        });
      },
    });
  });
  afterAll(() => test.close());

  const endAll = (): Promise<void> =>
    new Promise((resolve) => {
      store.clear(() => {
        resolve();
      });
    });

  it('24d: the session id is new at verify.*, and the cookie of before completes nothing (session fixation of a pending login)', async () => {
    const { user, secret, backupCodes } = await test.withTotp((ids += 1));
    for (const [method, code] of [
      ['totp', test.totp(secret)],
      ['backupCode', backupCodes[0]!],
    ] as const) {
      const thief = await halted(test, user);
      const planted = sessionCookie(await facade.first(thief, user).expect(202))!;
      const owner = test.agent();
      owner.jar.setCookie(planted, '127.0.0.1');
      const verified = sessionCookie(await owner.post('/verify').send({ method, code }).expect(200))!;
      expect(verified).toBeDefined();
      expect(verified).not.toBe(planted);
      await expectDenied(thief, thief.post('/complete').set('Cookie', planted), 'CHALLENGE_EXPIRED');
      await cookieOf(planted)('/me').expect(401, { pending: null });
      await owner.post('/complete').expect(200);
      await owner.get('/me').expect(200, { id: user.id });
    }
  });

  it('24e: a copy of the pending session from before verify.* is worth nothing either, and its data is kept', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const agent = test.agent();
    const pending = sessionCookie(await facade.first(agent, user).expect(202))!;
    const before = { ...rows() };
    await agent.post('/plant').send({ returnTo: '/home', wizard: 2 }).expect(200);
    const view = (await agent.get('/me').expect(401)).body.pending as object;
    await agent
      .post('/verify')
      .send({ code: test.totp(secret) })
      .expect(200);
    expect((await agent.get('/me').expect(401)).body.pending).toEqual(view);
    expect((await agent.get('/peek')).body).toMatchObject({ returnTo: '/home', wizard: 2 });
    // A slow request writes the old session back.
    Object.assign(rows(), before);
    const back = test.agent();
    for (const path of ['/complete', '/verify', '/2fa']) {
      const answer = await back
        .post(path)
        .set('Cookie', pending)
        .send({ code: test.totp(secret, 1) })
        .expect(401);
      expect(codeOf(answer)).toBe('CHALLENGE_EXPIRED');
    }
    await agent.post('/complete').expect(200);
    expect(Object.keys((await agent.get('/peek')).body as object).sort()).toEqual([
      'cookie',
      'passport',
      'returnTo',
      'twoFactor',
    ]);
  });

  it('24f: of two verify.* at once one is marked, and its session alone completes', async () => {
    const { user, secret, backupCodes } = await test.withTotp((ids += 1));
    const agent = test.agent();
    const pending = sessionCookie(await facade.first(agent, user).expect(202))!;
    const send = (body: object) => test.agent().post('/verify').set('Cookie', pending).send(body);
    const answers = await Promise.all([
      send({ code: test.totp(secret) }),
      send({ method: 'backupCode', code: backupCodes[0] }),
    ]);
    const good = answers.filter(({ status }) => status === 200);
    expect(good.length).toBeLessThanOrEqual(1);
    for (const answer of good) await test.agent().post('/complete').set('Cookie', sessionCookie(answer)!).expect(200);
    expect((await test.agent().post('/complete').set('Cookie', pending)).status).toBe(401);
  });

  it('24g: neither the mark nor a pending login outlives the session that it was written for', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const full = await loggedIn(test, user, secret);
    await full.get('/admin').expect(200);
    await full.post('/logout/keeping').expect(200);
    expect((await full.get('/peek')).body).toHaveProperty('twoFactor');
    await full.post('/login/keeping').send({ id: user.id }).expect(200);
    await full.get('/me').expect(200, { id: user.id });
    expect(codeOf(await full.get('/admin').expect(403))).toBe('STEP_UP_REQUIRED');
    await test.call(full, 'getTotpUri').expect(403);

    const pending = await halted(test, user);
    await pending.post('/logout/keeping').expect(200);
    await expectDenied(pending, pending.post('/verify-2fa').send({ code: test.totp(secret) }), 'CHALLENGE_EXPIRED');
  });

  it('24h: a row of the session store that is copied under another id stands for a password alone', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const full = await loggedIn(test, user, secret);
    await full.get('/admin').expect(200);
    const other = await test.user((ids += 1));
    const thief = test.agent();
    await test.login(thief, other).expect(200);
    const rowOf = (id: number): string =>
      Object.keys(rows()).find(
        (key) => (JSON.parse(rows()[key]!) as { passport?: { user: number } }).passport?.user === id,
      )!;
    rows()[rowOf(other.id)] = rows()[rowOf(user.id)]!;
    await thief.get('/me').expect(200, { id: user.id });
    await thief.get('/admin').expect(403);
    await test.call(thief, 'disable', 1).expect(403);
  });

  it('24i: a session of version 0.1 keeps its login and is asked for the second factor once more', async () => {
    const { user, secret } = await test.withTotp((ids += 1));
    const full = await loggedIn(test, user, secret);
    const kept = ((await full.get('/peek')).body as { twoFactor: { standing: object } }).twoFactor;
    await full
      .post('/plant')
      .send({ twoFactor: { standing: kept.standing } })
      .expect(200);
    await full.get('/me').expect(200, { id: user.id });
    expect(codeOf(await full.get('/admin').expect(403))).toBe('STEP_UP_REQUIRED');
    await test.call(full, 'verify.totp', test.totp(secret)).expect(200);
    await full.get('/admin').expect(200);
  });

  describe('25e: a session that is ended while a request of it waits stays ended:', () => {
    const expectEnded = async (cookie: string): Promise<void> => {
      for (const path of ['/me', '/guarded', '/admin']) await cookieOf(cookie)(path).expect(401);
      expect(Object.values(rows()).filter((row) => row.includes('"passport"'))).toEqual([]);
    };

    it('while the code of a step-up is sent', async () => {
      const { user, secret } = await test.withTotp((ids += 1));
      await test.service.setup.email(String(user.id));
      const agent = await loggedIn(test, user, secret);
      const cookie = sessionCookie(await test.call(agent, 'verify.totp', test.totp(secret)).expect(200))!;
      const sent = gate.hold();
      const sending = test.call(agent, 'challenge.email').then((answer) => answer.status);
      await sent;
      await endAll();
      gate.release();
      await sending;
      await expectEnded(cookie);
    });

    it('while another code of a pending login is sent', async () => {
      const user = await test.withEmail((ids += 1));
      const agent = await halted(test, user);
      test.clock.advance('30s');
      const sent = gate.hold();
      const sending = test.call(agent, 'challenge.email').then((answer) => answer);
      await sent;
      await endAll();
      gate.release();
      expect(codeOf(await sending)).toBe('CHALLENGE_EXPIRED');
      await expectDenied(
        agent,
        agent.post('/verify-2fa').send({ method: 'email', code: mail.at(-1)!.code }),
        'CHALLENGE_EXPIRED',
      );
      expect(Object.keys(rows())).toEqual([]);
    });

    it.each(['everything is ended', 'only its login is ended'])(
      'while its password is checked, and %s',
      async (how) => {
        const user = await test.user((ids += 1));
        const agent = test.agent();
        const cookie = sessionCookie(await test.login(agent, user).expect(200))!;
        const release = holdPassword();
        const checking = test.call(agent, '.reauthenticate', user.password).then((answer) => answer);
        const go = await release;
        if (how === 'everything is ended') await endAll();
        // As an app does that ends a login by itself, in place.
        else
          for (const [id, row] of Object.entries(rows()))
            Object.assign(rows(), { [id]: JSON.stringify({ ...(JSON.parse(row) as object), passport: {} }) });
        go();
        expect(codeOf(await checking)).toBe('NOT_LOGGED_IN');
        for (const path of ['/me', '/guarded', '/admin']) await cookieOf(cookie)(path).expect(401);
        expect(Object.values(rows()).filter((row) => row.includes('"user"'))).toEqual([]);
      },
    );

    /** Holds the next look-up of a password; answers what lets it go on, once it has come that far. */
    function holdPassword(): Promise<() => void> {
      const { inner } = (
        test.passport as unknown as { _strategy(name: string): { inner: { _verify: (...args: unknown[]) => void } } }
      )._strategy('local');
      const own = inner._verify;
      return new Promise((resolve) => {
        inner._verify = (...args) => {
          inner._verify = own;
          resolve(() => {
            own(...args);
          });
        };
      });
    }
  });
});
