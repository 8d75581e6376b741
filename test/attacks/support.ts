import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { expect } from 'vitest';
import { twoFactorEntities } from 'passport-two-factor';
import { clientWithTokens, TestApp, UserSchema, type Agent, type AppOptions, type TestUser } from '../support/app.js';
import { databases, type TestDatabase } from '../support/databases.js';

export type Method = 'totp' | 'email' | 'sms' | 'backup_code';

/** An attack on a login is tried on each way in: `req.auth` and `passport.authenticate`, by session and by token. */
export interface WayIn {
  readonly way: string;
  readonly firstPath: string;
  readonly secondPath: string;
  /** Holds what this way keeps: cookies, or tokens. */
  client(agent: Agent): Agent;
  first(agent: Agent, user: TestUser, more?: object): request.Test;
  second(agent: Agent, code: unknown, method?: Method, more?: object): request.Test;
  /** By whoever is logged in. */
  stepUp(agent: Agent, code: string): request.Test;
}

export const facade: WayIn = {
  way: 'req.auth',
  firstPath: '/login',
  secondPath: '/verify-2fa',
  client: (agent) => agent,
  first: (agent, { email, password }, more) => agent.post('/login').send({ email, password, ...more }),
  second: (agent, code, method = 'totp', more = {}) =>
    agent.post('/verify-2fa').send({ code, method: method === 'backup_code' ? 'backupCode' : method, ...more }),
  stepUp: (agent, code) => agent.post('/call').send({ member: 'verify.totp', args: [code] }),
};

export const strategies: WayIn = {
  way: 'passport.authenticate',
  firstPath: '/passport/login',
  secondPath: '/2fa',
  client: (agent) => agent,
  first: (agent, { email, password }, more) => agent.post('/passport/login').send({ email, password, ...more }),
  second: (agent, code, method, more = {}) => agent.post('/2fa').send({ code, ...(method && { method }), ...more }),
  stepUp: (agent, code) => agent.post('/2fa').send({ code }),
};

/** An attack on the session itself. */
export const waysBySession: readonly WayIn[] = [facade, strategies];

const holding = new WeakSet<Agent>();

/** From now on this client holds tokens: it sends what the answers have brought it. */
function holdTokens(agent: Agent): Agent {
  if (holding.has(agent)) return agent;
  holding.add(agent);
  let token: string | undefined;
  let challengeToken: string | undefined;
  agent.set(...clientWithTokens);
  agent.use((call: request.Test) => {
    if (token !== undefined) void call.set('Authorization', `Bearer ${token}`);
    if (challengeToken !== undefined) void call.send({ challengeToken });
  });
  agent.on('response', ({ headers, body }: request.Response) => {
    const given = body as { challengeToken?: string };
    // A new login has no token of an earlier one.
    if (given.challengeToken !== undefined) token = undefined;
    token = headers['x-token'] ?? token;
    challengeToken = given.challengeToken ?? headers['x-challenge-token'] ?? challengeToken;
  });
  return agent;
}

export const facadeByToken: WayIn = {
  ...facade,
  way: 'req.auth by token',
  client: holdTokens,
  first: (agent, user, more) => facade.first(holdTokens(agent), user, more),
};

export const strategiesByToken: WayIn = {
  way: 'passport.authenticate by token',
  firstPath: '/token/login',
  secondPath: '/token/2fa',
  client: holdTokens,
  first: (agent, { email, password }, more) =>
    holdTokens(agent)
      .post('/token/login')
      .send({ email, password, ...more }),
  second: (agent, code, method, more = {}) =>
    agent.post('/token/2fa').send({ code, ...(method && { method }), ...more }),
  stepUp: (agent, code) => agent.post('/token/2fa').send({ code }),
};

/** What carries a login never meets the database: where SQLite is not among them, it has proved that of tokens already. */
const byToken = databases.some(({ name }) => name === 'sqlite') ? [facadeByToken, strategiesByToken] : [];

export const waysIn: readonly WayIn[] = [...waysBySession, ...byToken];

/** A new browser whose login is halted. */
export async function halted(
  test: TestApp,
  user: TestUser,
  wayIn: WayIn = facade,
  agent = test.agent(),
): Promise<Agent> {
  await wayIn.first(agent, user).expect(202);
  await agent.get('/me').expect(401);
  return agent;
}

/** A new browser that is logged in by both factors. The step of the code is spent, the clock stands in the next one. */
export async function loggedIn(test: TestApp, user: TestUser, secret: string, wayIn: WayIn = facade): Promise<Agent> {
  const agent = await halted(test, user, wayIn);
  await wayIn.second(agent, test.totp(secret)).expect(200);
  test.clock.advance('30s');
  return agent;
}

/** Refused, with this code where it is given, and nobody is logged in by the browser's cookies. */
export async function expectDenied(agent: Agent, attempt: request.Test, code?: string): Promise<request.Response> {
  const answer = await attempt;
  expect([401, 403, 429]).toContain(answer.status);
  if (code !== undefined) expect(answer.body).toMatchObject({ error: { code } });
  await agent.get('/me').expect(401);
  return answer;
}

export const codeOf = (answer: request.Response): string | undefined =>
  (answer.body as { error?: { code?: string } }).error?.code;

/** The session cookie that an answer sets, as the browser will send it back. */
export function sessionCookie(answer: request.Response): string | undefined {
  const cookies = (answer.headers['set-cookie'] ?? []) as unknown as string[];
  return cookies.map((cookie) => cookie.split(';', 1)[0]!).find((cookie) => cookie.startsWith('connect.sid='));
}

/** `count` wrong codes, each after a login of its own where the pending one has ended. */
export async function guessWrong(
  test: TestApp,
  user: TestUser,
  secret: string,
  count: number,
  wayIn: WayIn = facade,
): Promise<void> {
  const agent = await halted(test, user, wayIn);
  for (let guess = 0; guess < count; guess += 1) {
    await expectDenied(agent, wayIn.second(agent, test.wrongTotp(secret)), 'INVALID_CODE');
  }
}

/** Two backup codes instead of ten: each costs a slow hash whenever a user is made. */
export const openApp = (database: TestDatabase, options: AppOptions = {}): Promise<TestApp> =>
  TestApp.open(database, { ...options, twoFactor: { backupCodesCount: 2, ...options.twoFactor } });

/** An app on a database with so many connections that parallel requests meet in it, not before it. */
export async function openCrowded(database: TestDatabase, options: AppOptions = {}): Promise<TestApp> {
  const dataSource = await database.open([UserSchema, ...twoFactorEntities()], { poolSize: 20 });
  return openApp(database, { ...options, dataSource });
}

/** The app as a server that really listens: supertest's own would be closed by the first of parallel answers. */
export class Listening {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async open(test: TestApp): Promise<Listening> {
    const server = createServer(test.app);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Listening(server, `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  }

  agent(): Agent {
    return request.agent(this.url);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }
}

/** Sends `count` requests at once and tells how many were answered with which status. */
export async function burst(
  count: number,
  send: (index: number) => request.Test,
): Promise<{ answers: request.Response[]; statuses: Record<number, number> }> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => send(index)));
  const statuses: Record<number, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return { answers, statuses };
}
