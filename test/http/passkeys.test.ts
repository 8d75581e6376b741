import type { AuthenticatorSettings } from 'passport-two-factor/testing';
import type { PasskeyOptions } from 'passport-two-factor/webauthn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserSchema, type Agent, type TestApp, type TestUser } from '../support/app.js';
import { databases } from '../support/databases.js';
import { deviceOf, enroll, openWithPasskeys, optionsOf, withPasskey } from '../support/passkeys.js';

/** Two makes of authenticators. */
const [aaguid, other] = ['fbfc3007-154e-4ecc-8c0b-6e020557d7bd', 'd548826e-79b4-db40-a3d8-11116f7e8349'] as const;

let nextId = 1;
const newId = (): number => (nextId += 1);

describe.each(databases)('passkeys on $name', (database) => {
  let test: TestApp;

  beforeAll(async () => {
    test = await openWithPasskeys(database);
  });
  afterAll(() => test.close());

  /** A browser whose login is halted. */
  const halted = async (user: TestUser): Promise<Agent> => {
    const agent = test.agent();
    await test.login(agent, user).expect(202);
    return agent;
  };

  const loggedIn = async (user: TestUser): Promise<Agent> => {
    const agent = test.agent();
    await test.login(agent, user).expect(200);
    return agent;
  };

  /** Logged in by the code of an app. */
  const byTotp = async () => {
    const { user, secret } = await test.withTotp(newId());
    const agent = await halted(user);
    await agent
      .post('/2fa')
      .send({ code: test.totp(secret) })
      .expect(200);
    return { user, agent };
  };

  describe('as a second factor', () => {
    it('are set up by a browser, named by it or by the user, and listed', async () => {
      const user = await test.user(newId());
      const agent = await loggedIn(user);
      const known = deviceOf({ aaguid: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd', backupEligible: true, backedUp: true });
      const { body } = await test
        .call(agent, 'complete.passkey', known.create(await optionsOf(test, agent, 'setup.passkey')))
        .expect(200);
      expect(body.result).toHaveLength(10);
      const key = deviceOf();
      const options = await optionsOf(test, agent, 'setup.passkey', 'Blue key');
      await test.call(agent, 'complete.passkey', key.create(options)).expect(200);
      const list = (await test.call(agent, 'list').expect(200)).body.result as object[];
      expect(list).toMatchObject([
        { mechanism: 4, label: 'iCloud Keychain', synced: true, lastUsedAt: 0 },
        { mechanism: 4, label: 'Blue key', synced: false, lastUsedAt: 0 },
      ]);
    });

    it('halt a login, and finish it by the strategy and by two calls', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = await halted(user);
      expect((await agent.get('/me').expect(401)).body.pending.methods).toEqual({ passkey: true, backupCode: true });
      const response = device.get(await optionsOf(test, agent, 'challenge.passkey'));
      await agent.post('/2fa').send({ method: 'passkey', response }).expect(200);
      await agent.get('/phishing-resistant').expect(200);
      expect((await test.call(agent, 'list')).body.result[0].lastUsedAt).toBe(test.clock.now);

      const other = await halted(user);
      const answer = device.get(await optionsOf(test, other, 'challenge.passkey'));
      await other.post('/verify-2fa').send({ method: 'passkey', response: answer }).expect(200);
      await other.get('/phishing-resistant').expect(200);
    });

    it('are taken from a form too, as JSON text, and need not be named', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = await halted(user);
      const response = JSON.stringify(device.get(await optionsOf(test, agent, 'challenge.passkey')));
      await agent.post('/2fa').type('form').send({ response }).expect(200);
    });

    it('step a session up without a new login', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = await halted(user);
      await agent
        .post('/2fa')
        .send({ response: device.get(await optionsOf(test, agent, 'challenge.passkey')) })
        .expect(200);
      test.clock.advance('10m');
      await test.call(agent, 'setup.totp').expect(403);
      const response = device.get(await optionsOf(test, agent, 'challenge.passkey'));
      await test.call(agent, 'verify.passkey', response).expect(200);
      await test.call(agent, 'setup.totp').expect(200);
      // Used up.
      await test.call(agent, 'verify.passkey', response).expect(401);
    });

    it('count where a route wants what cannot be phished, and a code does not', async () => {
      const { agent } = await byTotp();
      await agent.get('/admin').expect(200);
      await agent.get('/phishing-resistant').expect(403);
    });

    it('offer an authenticator that has one already no second one', async () => {
      const user = await test.user(newId());
      const agent = await loggedIn(user);
      const device = await enroll(test, agent);
      const options = await optionsOf(test, agent, 'setup.passkey');
      expect(() => device.create(options)).toThrow('exclude');
    });

    it('are told to the browser, so that it forgets the others', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = await halted(user);
      const options = await optionsOf(test, agent, 'challenge.passkey');
      await agent
        .post('/2fa')
        .send({ response: device.get(options) })
        .expect(200);
      const { id } = (options as { allowCredentials: { id: string }[] }).allowCredentials[0]!;
      const accepted = (await test.call(agent, 'acceptedPasskeys').expect(200)).body.result;
      expect(accepted).toMatchObject({ rpId: 'app.example.com', allAcceptedCredentialIds: [id] });
      const [{ id: row }] = (await test.call(agent, 'list')).body.result as { id: string }[] as [{ id: string }];
      await test.call(agent, 'remove', row).expect(200);
      expect((await test.call(agent, 'acceptedPasskeys')).body.result.allAcceptedCredentialIds).toEqual([]);
    });

    it('that cannot be read are passed over, and nothing is told to the browser that would forget them', async () => {
      const user = await test.user(newId());
      const agent = await loggedIn(user);
      const [one, two] = [await enroll(test, agent), await enroll(test, agent)];
      const [first] = await test.service.list(String(user.id));
      const rows = test.db.getRepository<{ id: string; sealed: string }>('TwoFactorAuthenticator');
      await rows.update({ id: first!.id }, { sealed: 'v1.gone.AAAA.AAAA.AAAA' });
      const other = await halted(user);
      const options = await optionsOf(test, other, 'challenge.passkey');
      expect(() => one.get(options)).toThrow('no passkey');
      await other
        .post('/2fa')
        .send({ response: two.get(options) })
        .expect(200);
      expect((await test.call(other, 'list').expect(200)).body.result).toHaveLength(2);
      await test.call(other, 'acceptedPasskeys').expect(500);
      await test.call(other, 'remove', first!.id).expect(200);
      await test.call(other, 'acceptedPasskeys').expect(200);
    });

    it('whose row a removal has left behind do not count under a new one of the same id', async () => {
      const user = await test.user(newId());
      const agent = await loggedIn(user);
      const old = deviceOf();
      const credentialId = 'B'.repeat(43).slice(0, 42) + 'A';
      const made = old.create(await optionsOf(test, agent, 'setup.passkey'), { credentialId });
      await test.call(agent, 'complete.passkey', made).expect(200);
      const rows = test.db.getRepository<{ id: string; userKey: string }>('TwoFactorAuthenticator');
      const [listed] = await test.service.list(String(user.id));
      const left = await rows.findOneByOrFail({ id: listed!.id });
      await test.call(agent, 'remove', left.id).expect(200);
      await rows.insert(left);
      expect(await test.service.list(String(user.id))).toEqual([]);

      const fresh = deviceOf();
      const again = fresh.create(await optionsOf(test, agent, 'setup.passkey'), { credentialId });
      await test.call(agent, 'complete.passkey', again).expect(200);
      const other = await halted(user);
      const options = await optionsOf(test, other, 'challenge.passkey');
      await other
        .post('/2fa')
        .send({ response: old.get(options) })
        .expect(401);
      await other
        .post('/2fa')
        .send({ response: fresh.get(options) })
        .expect(200);
    });

    it('of a user without any are NOT_SETUP, and begin no step-up', async () => {
      const { user, agent } = await byTotp();
      await test.call(agent, 'challenge.passkey').expect(404);
      expect(await test.db.getRepository('TwoFactorChallenge').countBy({ userId: String(user.id) })).toBe(0);
    });

    it('of a user without any are NOT_SETUP at a login, too', async () => {
      const { user } = await test.withTotp(newId());
      const agent = await halted(user);
      await test.call(agent, 'challenge.passkey').expect(404);
      await agent
        .post('/2fa')
        .send({ response: { id: 'AAAA', response: {} } })
        .expect(404);
    });
  });

  describe('as both factors', () => {
    it('log in alone, and stand for a second factor', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = test.agent();
      const options = (await agent.post('/passkey/options').expect(200)).body as { userVerification: string };
      expect(options).toMatchObject({ userVerification: 'required', rpId: 'app.example.com' });
      const { body } = await agent
        .post('/passkey')
        .send({ response: device.get(options) })
        .expect(200);
      expect(body.user).toBe(user.id);
      await agent.get('/phishing-resistant').expect(200);
      await test.call(agent, 'setup.totp').expect(200);
    });

    it('log in without a session, by a token', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = test.agent();
      const { options, challengeToken } = (await agent.post('/token/passkey/options').expect(200)).body;
      const response = device.get(options as object);
      expect((await agent.post('/token/passkey').send({ response, challengeToken }).expect(200)).body.token).toBe(
        user.id,
      );
      await agent.post('/token/passkey').send({ response, challengeToken }).expect(401);
    });

    it('that verify nobody are the first factor alone, and not the second one too', async () => {
      const lenient = await openWithPasskeys(database, {
        dataSource: test.db,
        keys: test.keys,
        clock: test.clock,
        alone: 'preferred',
      });
      const { device, user } = await withPasskey(test, newId());
      device.userVerified = false;
      const agent = lenient.agent();
      const options = (await agent.post('/passkey/options').expect(200)).body as object;
      await agent
        .post('/passkey')
        .send({ response: device.get(options) })
        .expect(202);
      await agent.get('/me').expect(401);
      const again = device.get(await optionsOf(lenient, agent, 'challenge.passkey'));
      await agent.post('/2fa').send({ response: again }).expect(401);
      device.userVerified = true;
      const verified = device.get(await optionsOf(lenient, agent, 'challenge.passkey'));
      expect((await agent.post('/2fa').send({ response: verified }).expect(200)).body.user).toBe(user.id);
    });
  });

  describe('are worth nothing', () => {
    const refusedAlone = async (agent: Agent, response: object, status = 401): Promise<void> => {
      await agent.post('/passkey').send({ response }).expect(status);
      await agent.get('/me').expect(401);
    };
    const asked = async (agent: Agent): Promise<object> =>
      (await agent.post('/passkey/options').expect(200)).body as object;

    it('with the challenge of another login, session or step-up', async () => {
      const { user, device } = await withPasskey(test, newId());
      const [one, two] = [await halted(user), await halted(user)];
      const response = device.get(await optionsOf(test, one, 'challenge.passkey'));
      await two.post('/2fa').send({ response }).expect(401);
      await one.post('/2fa').send({ response }).expect(200);
      // A step-up's challenge finishes no login, and a login's makes no step-up.
      const stepUp = device.get(await optionsOf(test, one, 'challenge.passkey'));
      await two.post('/2fa').send({ response: stepUp }).expect(401);
      await test.call(one, 'verify.passkey', device.get(await optionsOf(test, two, 'challenge.passkey'))).expect(401);
      const [three, four] = [test.agent(), test.agent()];
      const alone = device.get(await asked(three));
      await asked(four);
      await refusedAlone(four, alone);
      await two.post('/2fa').send({ response: alone }).expect(401);
    });

    it('with the challenge of another user', async () => {
      const [alice, bob] = [await withPasskey(test, newId()), await withPasskey(test, newId())];
      const options = await optionsOf(test, await halted(alice.user), 'challenge.passkey');
      const agent = await halted(bob.user);
      const { challenge } = options as { challenge: string };
      const response = bob.device.get(await optionsOf(test, agent, 'challenge.passkey'), { challenge });
      await agent.post('/2fa').send({ response }).expect(401);
    });

    it('of another user', async () => {
      const [alice, bob] = [await withPasskey(test, newId()), await withPasskey(test, newId())];
      const agent = await halted(alice.user);
      const { challenge } = (await optionsOf(test, agent, 'challenge.passkey')) as { challenge: string };
      const response = bob.device.get({ challenge, rpId: 'app.example.com' });
      await agent.post('/2fa').send({ response }).expect(401);
    });

    it('twice, in parallel too', async () => {
      const { device } = await withPasskey(test, newId());
      const agent = test.agent();
      const begun = await agent.post('/passkey/options').expect(200);
      const response = device.get(begun.body as object);
      const cookies = begun.get('Set-Cookie')!.map((cookie) => cookie.split(';')[0]!);
      const post = () => test.agent().post('/passkey').set('Cookie', cookies).send({ response });
      const answers = await Promise.all([post(), post(), post()]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    });

    it('past the time of the login', async () => {
      const { user, device } = await withPasskey(test, newId());
      const [agent, alone] = [await halted(user), test.agent()];
      const response = device.get(await optionsOf(test, agent, 'challenge.passkey'));
      const other = device.get(await asked(alone));
      test.clock.advance('10m');
      await agent.post('/2fa').send({ response }).expect(401);
      await refusedAlone(alone, other);
    });

    const hostile: [string, Parameters<ReturnType<typeof deviceOf>['get']>[1]][] = [
      ['of another origin', { origin: 'https://app.example.com.evil.example' }],
      ['of a sub-domain that is not listed', { origin: 'https://evil.app.example.com' }],
      ['of another RP ID', { rpId: 'evil.example' }],
      ['from a frame of another site', { crossOrigin: true }],
      ['of another kind', { type: 'webauthn.create' }],
      ['with the user handle of another', { userHandle: 'AAAA' }],
      ['without the user present', { flags: 0x04 }],
      ['with an altered signature', { signature: (bytes) => bytes.fill(1, 10, 20) }],
      ['with data that is cut short', { authenticatorData: (bytes) => bytes.subarray(0, 30) }],
      ['with data that is too long', { authenticatorData: (bytes) => Buffer.concat([bytes, Buffer.from([0, 1, 2])]) }],
      ['that may be synced, and could not be when it was made', { flags: 0x0d }],
      ['with an unknown credential', { credentialId: 'AAAAAAAAAAAAAAAAAAAAAA' }],
    ];

    it.each(hostile)('%s', async (_what, forged) => {
      const { user, device } = await withPasskey(test, newId());
      const [agent, alone] = [await halted(user), test.agent()];
      const response = device.get(await optionsOf(test, agent, 'challenge.passkey'), forged);
      await agent.post('/2fa').send({ response }).expect(401);
      await refusedAlone(alone, device.get(await asked(alone), forged));
      // The device itself still does.
      await agent
        .post('/2fa')
        .send({ response: device.get(await optionsOf(test, agent, 'challenge.passkey')) })
        .expect(200);
    });

    it('alone where the user was to be verified and was not, then or when it was made', async () => {
      const { device } = await withPasskey(test, newId());
      device.userVerified = false;
      const agent = test.agent();
      await refusedAlone(agent, device.get(await asked(agent)));
      // Made without: a later login does not raise it.
      const { device: plain } = await withPasskey(test, newId(), deviceOf({ userVerified: false }));
      plain.userVerified = true;
      const other = test.agent();
      await refusedAlone(other, plain.get(await asked(other)));
    });

    it('alone for a user who is removed, and without a login that was begun', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = test.agent();
      await refusedAlone(agent, device.get({ challenge: 'AAAA', rpId: 'app.example.com' }));
      const response = device.get(await asked(agent));
      await test.db.getRepository(UserSchema).update({ id: user.id }, { disabled: 1 });
      await refusedAlone(agent, response);
    });

    it('after their removal', async () => {
      const { user, device } = await withPasskey(test, newId());
      const [row] = await test.service.list(String(user.id));
      await test.service.remove(String(user.id), row!.id);
      const agent = test.agent();
      await refusedAlone(agent, device.get(await asked(agent)));
    });

    it.each([
      ['no object', 'text'],
      ['null', null],
      ['an empty object', {}],
      ['an id that is none', { id: 7, response: {} }],
      ['a megabyte', { id: 'A', response: { clientDataJSON: 'A'.repeat(40_000) } }],
    ])('as %s, and cost nothing', async (_what, response) => {
      const { user } = await withPasskey(test, newId());
      const agent = await halted(user);
      const { status } = await agent.post('/2fa').send({ method: 'passkey', response: response as object });
      expect(status).toBe(400);
      expect((await test.service.list(String(user.id)))[0]!.lastUsedAt).toBe(0);
    });
  });

  describe('are not set up', () => {
    const answer = async (agent: Agent, forged: object, device = deviceOf()) => {
      const response = device.create(await optionsOf(test, agent, 'setup.passkey'), forged);
      return test.call(agent, 'complete.passkey', response);
    };

    it.each([
      ['by another origin', { origin: 'https://evil.example' }],
      ['for another RP ID', { rpId: 'evil.example' }],
      ['from a frame of another site', { crossOrigin: true }],
      ['by the answer to another challenge', { challenge: 'AAAA' }],
      ['by an assertion', { type: 'webauthn.get' }],
      ['without the user present', { flags: 0x44 }],
      ['with CBOR that is cut short', { attestationObject: (bytes: Buffer) => bytes.subarray(0, bytes.length - 5) }],
      ['with CBOR that is none', { attestationObject: () => Buffer.from('no CBOR') }],
      ['with more after the CBOR', { attestationObject: (bytes: Buffer) => Buffer.concat([bytes, Buffer.from([0])]) }],
    ])('%s', async (_what, forged) => {
      const agent = await loggedIn(await test.user(newId()));
      expect((await answer(agent, forged)).status).toBe(401);
      expect((await test.call(agent, 'list')).body.result).toEqual([]);
    });

    const refusing: [string, Partial<PasskeyOptions>, Partial<AuthenticatorSettings>, object][] = [
      ['by an algorithm that was not offered', { algorithms: [-7] }, {}, { algorithm: 'EdDSA' }],
      ['by a make that is denied', { denyAaguids: [aaguid] }, { aaguid }, {}],
      ['by a make that is none of the allowed', { allowAaguids: [other], attestation: { roots: {} } }, { aaguid }, {}],
      ['without the attestation that is wanted', { attestation: { roots: {} } }, { aaguid }, {}],
      ['with an attestation that is not wanted', {}, { attestation: 'self' }, {}],
      ['without the user verified where that is wanted', { userVerification: 'required' }, { userVerified: false }, {}],
    ];

    it.each(refusing)('%s', async (_what, options, settings, forged) => {
      const strict = await openWithPasskeys(database, {
        dataSource: test.db,
        keys: test.keys,
        clock: test.clock,
        passkeys: options,
      });
      const agent = strict.agent();
      await strict.login(agent, await test.user(newId())).expect(200);
      const device = deviceOf(settings);
      const response = device.create(await optionsOf(strict, agent, 'setup.passkey'), forged);
      await strict.call(agent, 'complete.passkey', response).expect(401);
      expect((await strict.call(agent, 'list')).body.result).toEqual([]);
    });

    it('by others than those that an app wants, and those are', async () => {
      const strict = await openWithPasskeys(database, {
        dataSource: test.db,
        keys: test.keys,
        clock: test.clock,
        passkeys: { allowAaguids: [aaguid], attestation: { roots: {} }, userVerification: 'required' },
      });
      const user = await test.user(newId());
      const agent = strict.agent();
      await strict.login(agent, user).expect(200);
      const device = await enroll(strict, agent, deviceOf({ aaguid, attestation: 'self' }));
      const halt = strict.agent();
      await strict.login(halt, user).expect(202);
      device.userVerified = false;
      const unverified = device.get(await optionsOf(strict, halt, 'challenge.passkey'));
      await halt.post('/2fa').send({ response: unverified }).expect(401);
      device.userVerified = true;
      const response = device.get(await optionsOf(strict, halt, 'challenge.passkey'));
      await halt.post('/2fa').send({ response }).expect(200);
    });

    it('with the credential id of another user, or the same one twice', async () => {
      const { user } = await withPasskey(test, newId());
      const [row] = await test.service.list(String(user.id));
      const options = await optionsOf(test, await halted(user), 'challenge.passkey');
      const { id: credentialId } = (options as { allowCredentials: { id: string }[] }).allowCredentials[0]!;
      const agent = await loggedIn(await test.user(newId()));
      expect((await answer(agent, { credentialId })).status).toBe(409);
      expect((await test.service.list(String(user.id)))[0]!.id).toBe(row!.id);
      const own = deviceOf();
      const response = own.create(await optionsOf(test, agent, 'setup.passkey'));
      await test.call(agent, 'complete.passkey', response).expect(200);
      expect((await answer(agent, { credentialId: (response as { id: string }).id })).status).toBe(409);
      expect((await test.call(agent, 'list')).body.result).toHaveLength(1);
    });

    it('by a login that is pending, or whose password is all there is', async () => {
      const { user, device } = await withPasskey(test, newId());
      const agent = await halted(user);
      await test.call(agent, 'setup.passkey').expect(401);
      await test.call(agent, 'complete.passkey', device.get({ challenge: 'A', rpId: 'app.example.com' })).expect(401);
      const [row] = await test.service.list(String(user.id));
      await test.call(agent, 'remove', row!.id).expect(401);
    });
  });

  describe('whose counter goes back', () => {
    it('are told of and let in, unless the app says otherwise', async () => {
      const { user, device } = await withPasskey(test, newId());
      const seen: string[] = [];
      const listener = ({ userId }: { userId: string }) => seen.push(userId);
      test.service.on('counterWentBack', listener);
      const log = async (app: TestApp, counter: number) => {
        const agent = app.agent();
        await app.login(agent, user).expect(202);
        const response = device.get(await optionsOf(app, agent, 'challenge.passkey'), { counter });
        return (await agent.post('/2fa').send({ response })).status;
      };
      expect([await log(test, 9), await log(test, 10), seen.length]).toEqual([200, 200, 0]);
      expect([await log(test, 10), seen]).toEqual([200, [String(user.id)]]);
      const strict = await openWithPasskeys(database, {
        dataSource: test.db,
        keys: test.keys,
        clock: test.clock,
        passkeys: { counter: 'refuse' },
      });
      expect([await log(strict, 10), await log(strict, 3), await log(strict, 11)]).toEqual([401, 401, 200]);
      test.service.off('counterWentBack', listener);
    });
  });

  it('are kept where the app wants each user to have one', async () => {
    const keeping = await openWithPasskeys(database, {
      dataSource: test.db,
      keys: test.keys,
      clock: test.clock,
      passkeys: { mustKeepOne: true },
    });
    const user = await test.user(newId());
    const agent = keeping.agent();
    await keeping.login(agent, user).expect(200);
    await enroll(keeping, agent);
    await enroll(keeping, agent);
    const [one, two] = (await keeping.call(agent, 'list')).body.result as { id: string }[];
    await keeping.call(agent, 'remove', one!.id).expect(200);
    const refused = await keeping.call(agent, 'remove', two!.id).expect(400);
    expect(refused.body.error.message).toMatch(/Add another before you remove the last/);
    await keeping.call(agent, 'disable', 4).expect(400);
    expect((await keeping.call(agent, 'list')).body.result).toHaveLength(1);
    // Of two removals at once, one finds the last.
    await enroll(keeping, agent);
    const ids = ((await keeping.call(agent, 'list')).body.result as { id: string }[]).map(({ id }) => id);
    const removals = await Promise.allSettled(ids.map((id) => keeping.service.remove(String(user.id), id)));
    expect(removals.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('go on after the keys were rotated', async () => {
    const { user, device } = await withPasskey(test, newId());
    const rotated = await openWithPasskeys(database, {
      dataSource: test.db,
      keys: `k2:${Buffer.alloc(32, 9).toString('base64')},${test.keys}`,
      clock: test.clock,
    });
    // Asked by a process that does not know the new key yet.
    const { options, challengeToken } = (await test.agent().post('/token/passkey/options').expect(200)).body;
    const answer = { response: device.get(options as object), challengeToken };
    await rotated.agent().post('/token/passkey').send(answer).expect(200);
    // It was used, so that it is sealed with the new key.
    const [listed] = await test.service.list(String(user.id));
    const row = await test.db.getRepository('TwoFactorAuthenticator').findOneByOrFail({ id: listed!.id });
    expect(row.sealed).toMatch(/^v1\.k2\./);
    for (let login = 0; login < 2; login += 1) {
      const agent = rotated.agent();
      await rotated.login(agent, user).expect(202);
      const response = device.get(await optionsOf(rotated, agent, 'challenge.passkey'));
      await agent.post('/2fa').send({ response }).expect(200);
    }
  });

  it('are kept by a function of the user, which has to answer', async () => {
    const answers: unknown[] = [];
    const asked = await openWithPasskeys(database, {
      dataSource: test.db,
      keys: test.keys,
      clock: test.clock,
      passkeys: { mustKeepOne: () => answers.shift() as boolean },
    });
    const { user } = await withPasskey(test, newId());
    const [row] = await test.service.list(String(user.id));
    answers.push(undefined, true, false);
    await expect(asked.service.remove(String(user.id), row!.id)).rejects.toThrow(/must answer true or false/);
    await expect(asked.service.remove(String(user.id), row!.id)).rejects.toMatchObject({ field: 'passkey' });
    await asked.service.remove(String(user.id), row!.id);
    expect(await test.service.list(String(user.id))).toEqual([]);
  });

  it.each(['ES256', 'EdDSA', 'RS256'] as const)('sign by %s', async (algorithm) => {
    const { user, device } = await withPasskey(test, newId(), deviceOf({ algorithm }));
    const agent = await halted(user);
    await agent
      .post('/2fa')
      .send({ response: device.get(await optionsOf(test, agent, 'challenge.passkey')) })
      .expect(200);
  });
});
