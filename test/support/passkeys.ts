import type { Express } from 'express';
import { PasskeyStrategy, requireSecondFactor, type Passkeys } from 'passport-two-factor';
import { SoftwareAuthenticator, type AuthenticatorSettings } from 'passport-two-factor/testing';
import { passkeys, type PasskeyOptions } from 'passport-two-factor/webauthn';
import { TestApp, type Agent, type AppOptions, type TestUser } from './app.js';
import type { TestDatabase } from './databases.js';

export const origin = 'https://app.example.com';

export const testPasskeys = (options: Partial<PasskeyOptions> = {}): Passkeys =>
  passkeys({ rpId: 'app.example.com', rpName: 'MyApp', origins: origin, ...options });

/** An app whose users have passkeys: as second factors, and to log in by alone. */
export async function openWithPasskeys(
  database: TestDatabase,
  options: AppOptions & { readonly passkeys?: Partial<PasskeyOptions>; readonly alone?: 'required' | 'preferred' } = {},
): Promise<TestApp> {
  return TestApp.open(database, {
    ...options,
    service: { ...options.service, passkeys: testPasskeys(options.passkeys) },
    routes: (app, test) => {
      alone(app, test, options.alone);
      options.routes?.(app, test);
    },
  });
}

function alone(app: Express, { service, passport }: TestApp, userVerification: 'required' | 'preferred' = 'required') {
  const strategy = new PasskeyStrategy({ service, userVerification });
  passport.use(strategy);
  app.post('/passkey/options', async (req, res) => {
    res.json(await strategy.begin(req));
  });
  app.post('/passkey', passport.authenticate('passkey'), (req, res) => {
    res.json({ user: (req.user as TestUser).id });
  });
  app.post('/token/passkey/options', async (req, res) => {
    res.json(await strategy.beginForToken(req));
  });
  app.post('/token/passkey', passport.authenticate('passkey', { session: false }), (req, res) => {
    res.json({ token: (req.user as TestUser).id });
  });
  app.get('/phishing-resistant', requireSecondFactor({ service, phishingResistant: true }), (_req, res) => {
    res.json({ ok: true });
  });
}

export const deviceOf = (settings: Partial<AuthenticatorSettings> = {}): SoftwareAuthenticator =>
  new SoftwareAuthenticator({ origin, ...settings });

/** The options of a ceremony, of an agent who is logged in or whose login is pending. */
export async function optionsOf(test: TestApp, agent: Agent, member: string, ...args: unknown[]): Promise<object> {
  return (await test.call(agent, member, ...args).expect(200)).body.result as object;
}

/** Makes a passkey for whoever is logged in. */
export async function enroll(test: TestApp, agent: Agent, device = deviceOf()): Promise<SoftwareAuthenticator> {
  const response = device.create(await optionsOf(test, agent, 'setup.passkey'));
  await test.call(agent, 'complete.passkey', response).expect(200);
  return device;
}

/** A user whose one factor is a passkey, logged out. */
export async function withPasskey(
  test: TestApp,
  id: number,
  device = deviceOf(),
): Promise<{ user: TestUser; device: SoftwareAuthenticator }> {
  const user = await test.user(id);
  const agent = test.agent();
  await test.login(agent, user).expect(200);
  await enroll(test, agent, device);
  return { user, device };
}
