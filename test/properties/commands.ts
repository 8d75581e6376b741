import type { AsyncCommand } from 'fast-check';
import type { Response } from 'supertest';
import { expect } from 'vitest';
import { timeStep } from '../../lib/core/totp.js';
import type { TestApp } from '../support/app.js';
import { crashAt, learn, type CrashMode } from './crash.js';
import {
  beginAccount,
  type Browser,
  changeFactors,
  countSend,
  draftIsLive,
  epochOf,
  fail,
  hasAccount,
  hasFactor,
  isLive,
  isRecent,
  type LoggedIn,
  type Model,
  type Pending,
  succeed,
  throttled,
  type UserModel,
} from './model.js';

/** One request of one browser: what is sent, and what must come of it. */
export abstract class Step implements AsyncCommand<Model, TestApp> {
  constructor(readonly browser: number) {}

  /** Most of what a browser does before it has logged in is refused for the same reason: one browser trying it is enough. */
  check(model: Readonly<Model>): boolean {
    return this.browser === 2 || this.browserOf(model).state.kind !== 'out';
  }

  async run(model: Model, test: TestApp): Promise<void> {
    const response = await this.send(model, test);
    await this.settle(model, test, response);
    await this.checkBrowser(model);
  }

  /** The user whose rows the request may change. */
  abstract subject(model: Model): UserModel | undefined;
  abstract send(model: Model, test: TestApp): Promise<Response>;
  abstract settle(model: Model, test: TestApp, response: Response): Promise<void> | void;

  browserOf(model: Model): Browser {
    return model.browsers[this.browser]!;
  }

  /** Whoever the app takes this browser for is who has passed both factors in it. */
  async checkBrowser(model: Model): Promise<void> {
    const { agent, state } = this.browserOf(model);
    const me = await agent.get('/me');
    if (state.kind === 'in') expect(me.body).toEqual({ id: state.user.user.id });
    else expect(me.status).toBe(401);
  }

  toString(): string {
    return `${this.constructor.name}(${Object.values(this).map(String).join(', ')})`;
  }
}

export class LogIn extends Step {
  constructor(
    browser: number,
    readonly user: number,
    readonly password: 'right' | 'wrong',
  ) {
    super(browser);
  }

  subject(model: Model): UserModel {
    return model.users[this.user]!;
  }

  override check(model: Model): boolean {
    return this.subject(model).pendings < 18;
  }

  send(model: Model, test: TestApp): Promise<Response> {
    return test
      .login(
        this.browserOf(model).agent,
        this.subject(model).user,
        this.password === 'wrong' ? { password: 'wrong horse' } : {},
      )
      .then();
  }

  settle(model: Model, test: TestApp, { status, body }: Response): void {
    const user = this.subject(model);
    const browser = this.browserOf(model);
    const { now } = test.clock;
    if (this.password === 'wrong') {
      expect(status).toBe(401);
      return;
    }
    if (!hasFactor(user)) {
      expect(status).toBe(200);
      browser.state = { kind: 'in', user, auth: { at: now, epoch: Math.max(0, user.securityEpoch) } };
      return;
    }
    // What a locked account cannot use is offered, and not sent.
    const locked = throttled(user, now);
    const offered = user.email && countSend(locked ? { ...user } : user, now);
    // Only a message could finish it, and there is none left: nothing is begun.
    if (status === 429) {
      expect(offered || user.totp !== undefined).toBe(false);
      return;
    }
    expect(status).toBe(202);
    expect(body.methods.totp).toBe(user.totp === undefined ? undefined : true);
    expect(body.methods.email !== undefined).toBe(offered);
    user.pendings += 1;
    browser.state = {
      kind: 'pending',
      user,
      epoch: epochOf(user),
      expiresAt: now + 600_000,
      replaced: undefined,
      email:
        offered && !locked ? { code: test.lastCode(), expiresAt: now + 300_000, sentAt: now, sends: 1 } : undefined,
    };
  }
}

export type CodeChoice = 'good' | 'earlier' | 'later' | 'wrong' | 'used' | "another user's";
export type Method = 'totp' | 'email' | 'backupCode';

/** A code at the second step of a login, or of a user who is logged in. */
export class Verify extends Step {
  private code = '';

  override check(model: Model): boolean {
    const user = this.subject(model);
    const wanted =
      user && (this.method === 'totp' ? user.totp !== undefined : this.method === 'email' ? user.email : user.hasCodes);
    return super.check(model) && (wanted === true || this.browser === 2);
  }

  constructor(
    browser: number,
    readonly method: Method,
    readonly choice: CodeChoice,
  ) {
    super(browser);
  }

  subject(model: Model): UserModel | undefined {
    const { state } = this.browserOf(model);
    return state.kind === 'out' ? undefined : state.user;
  }

  send(model: Model, test: TestApp): Promise<Response> {
    const { agent, state } = this.browserOf(model);
    this.code = this.choose(model, test);
    return agent
      .post(state.kind === 'in' ? '/verify' : '/verify-2fa')
      .send({ method: this.method, code: this.code })
      .then();
  }

  settle(model: Model, test: TestApp, response: Response): void {
    const { now } = test.clock;
    const browser = this.browserOf(model);
    const { state } = browser;
    const denied = (status: number, code: string) => {
      expect([response.status, response.body.error?.code]).toEqual([status, code]);
    };
    if (state.kind === 'out' || (state.kind === 'pending' && !isLive(state, now))) {
      denied(401, 'CHALLENGE_EXPIRED');
      return;
    }
    const { user } = state;
    if (!hasAccount(user)) {
      denied(404, 'NOT_SETUP');
      return;
    }
    if (throttled(user, now)) {
      denied(429, 'TOO_MANY_ATTEMPTS');
      return;
    }
    if (
      this.method === 'backupCode' ? !user.hasCodes : this.method === 'totp' ? user.totp === undefined : !user.email
    ) {
      // A login is told nothing of what was begun; a user who is logged in is.
      if (this.method === 'totp' && state.kind === 'in' && draftIsLive(user, now)) denied(409, 'SETUP_INCOMPLETE');
      else denied(404, 'NOT_SETUP');
      return;
    }
    const uncertain = this.method === 'backupCode' && user.codesUncertain && user.codes.includes(this.code);
    const right = uncertain ? response.status === 200 : this.isRight(state, test);
    if (!right) {
      denied(401, this.method === 'backupCode' ? 'INVALID_BACKUP_CODE' : 'INVALID_CODE');
      fail(user, now);
      return;
    }
    expect(response.status).toBe(200);
    this.accept(model, state, test);
    // A login now needs a recent mark of the account's present epoch; a step-up renews it.
    browser.state = { kind: 'in', user, auth: { at: now, epoch: user.securityEpoch } };
  }

  private isRight(state: Pending | LoggedIn, test: TestApp): boolean {
    const { user } = state;
    if (this.method === 'totp') return this.step(user, test) !== undefined;
    if (this.method === 'backupCode') return user.codes.includes(this.code);
    return state.kind === 'pending' && state.email?.code === this.code && state.email.expiresAt > test.clock.now;
  }

  /** The time step that the code is of, within the window and not spent. */
  private step(user: UserModel, test: TestApp): number | undefined {
    const current = timeStep(test.clock.now, 30);
    const steps = [1, 0, -1].filter(
      (offset) =>
        test.totp(user.totp!, offset) === this.code && current + offset > Math.max(user.lastStep, user.confirmedStep),
    );
    return steps[0] === undefined ? undefined : current + steps[0];
  }

  private accept(model: Model, state: Pending | LoggedIn, test: TestApp): void {
    const { user } = state;
    const step = this.method === 'totp' ? this.step(user, test) : undefined;
    const use = [
      user.user.id,
      this.method,
      step ?? this.code,
      this.method === 'email' ? (state as Pending).expiresAt : '',
    ].join(' ');
    expect(model.accepted).not.toContain(use);
    model.accepted.add(use);
    if (this.method === 'backupCode') {
      user.codes = user.codes.filter((code) => code !== this.code);
      user.usedCodes.push(this.code);
    }
    if (step !== undefined) {
      user.lastStep = step;
      user.lastAccepted = this.code;
    }
    succeed(user);
    if (state.kind === 'pending') user.pendings -= 1;
  }

  private choose(model: Model, test: TestApp): string {
    const { state } = this.browserOf(model);
    const user = this.subject(model);
    const other = model.users.find((candidate) => candidate !== user)!;
    if (this.method === 'totp') {
      const steps = { good: 0, earlier: -1, later: 1 } as Record<string, number>;
      if (this.choice === 'used') return user?.lastAccepted ?? '000000';
      if (this.choice === "another user's") return other.totp === undefined ? '000000' : test.totp(other.totp);
      if (user?.totp === undefined) return '123456';
      return this.choice === 'wrong' ? test.wrongTotp(user.totp) : test.totp(user.totp, steps[this.choice]);
    }
    if (this.method === 'backupCode') {
      const found = {
        good: user?.codes[0],
        earlier: user?.codes.at(-1),
        later: user?.codes[0]?.toLowerCase(),
        used: user?.usedCodes[0],
        "another user's": other.codes[0],
        wrong: undefined,
      }[this.choice];
      return (found ?? '0123456789ABC').toUpperCase();
    }
    const mine = state.kind === 'pending' ? state.email?.code : undefined;
    const foreign = model.browsers.find(({ state: s }) => s !== state && s.kind === 'pending' && s.email)?.state as
      Pending | undefined;
    const found = {
      good: mine,
      later: mine,
      earlier: state.kind === 'pending' ? state.replaced : undefined,
      used: undefined,
      "another user's": foreign?.email?.code,
      wrong: undefined,
    }[this.choice];
    return found ?? (mine === '000000' ? '111111' : '000000');
  }
}

/** Another e-mailed code for the pending login. */
export class Resend extends Step {
  subject(model: Model): UserModel | undefined {
    const { state } = this.browserOf(model);
    return state.kind === 'pending' ? state.user : undefined;
  }

  override check(model: Model): boolean {
    return this.browserOf(model).state.kind === 'pending';
  }

  send(model: Model, test: TestApp): Promise<Response> {
    return test.call(this.browserOf(model).agent, 'challenge.email').then();
  }

  settle(model: Model, test: TestApp, { status }: Response): void {
    const state = this.browserOf(model).state as Pending;
    const { now } = test.clock;
    const { user, email } = state;
    if (!isLive(state, now)) {
      expect(status).toBe(401);
    } else if (!user.email) {
      expect(status).toBeOneOf([404, 409]);
    } else if (email && (email.sends > 3 || email.sentAt + [0, 30_000, 60_000, 120_000][email.sends]! > now)) {
      expect(status).toBe(429);
    } else if (throttled(user, now) || !countSend(user, now)) {
      expect(status).toBe(429);
    } else {
      expect(status).toBe(200);
      state.replaced = email?.code;
      state.email = { code: test.lastCode(), expiresAt: now + 300_000, sentAt: now, sends: (email?.sends ?? 0) + 1 };
    }
  }
}

export type ChangeName = 'begin totp' | 'add email' | 'disable totp' | 'disable email' | 'new codes';

/** A change of factors by a user who is logged in. */
export class Change extends Step {
  constructor(
    browser: number,
    readonly change: ChangeName,
  ) {
    super(browser);
  }

  subject(model: Model): UserModel | undefined {
    const { state } = this.browserOf(model);
    return state.kind === 'in' ? state.user : undefined;
  }

  send(model: Model, test: TestApp): Promise<Response> {
    const { agent } = this.browserOf(model);
    const calls = {
      'begin totp': ['setup.totp', true, { qr: 'svg' }],
      'add email': ['setup.email'],
      'disable totp': ['disable', 1],
      'disable email': ['disable', 2],
      'new codes': ['generateNewBackupCodes'],
    } as const;
    const [member, ...args] = calls[this.change];
    return test.call(agent, member, ...args).then();
  }

  settle(model: Model, test: TestApp, { status, body }: Response): void {
    const { state } = this.browserOf(model);
    const { now } = test.clock;
    if (state.kind !== 'in') {
      expect([status, body.error?.code]).toEqual([401, 'NOT_LOGGED_IN']);
      return;
    }
    if (!isRecent(state, now)) {
      expect([status, body.error?.code]).toEqual([403, 'STEP_UP_REQUIRED']);
      return;
    }
    const { user } = state;
    const exists = this.change.endsWith('totp') ? user.totp !== undefined : user.email;
    if (this.change === 'begin totp' || this.change === 'add email') {
      beginAccount(user);
      expect(status).toBe(exists ? 409 : 200);
      if (exists) return;
      if (this.change === 'begin totp')
        user.draft = { secret: body.result.secret, epoch: epochOf(user), expiresAt: now + 900_000 };
      else user.email = true;
      if (this.change === 'add email') changeFactors(user, state, now);
      return;
    }
    if (this.change === 'new codes') {
      expect(status).toBe(hasFactor(user) ? 200 : 404);
      if (!hasFactor(user)) return;
      changeFactors(user, state, now);
      user.usedCodes = [...user.codes, ...user.usedCodes];
      Object.assign(user, { hasCodes: true, codes: body.result, codesUncertain: false });
      return;
    }
    if (!exists) {
      expect(status).toBe(this.change === 'disable totp' && draftIsLive(user, now) ? 409 : 404);
      return;
    }
    expect(status).toBe(200);
    if (this.change === 'disable totp') user.totp = undefined;
    else user.email = false;
    changeFactors(user, state, now);
    // Backup codes stand in for a factor: without one they are nothing.
    if (!hasFactor(user))
      Object.assign(user, { hasCodes: false, usedCodes: [...user.codes, ...user.usedCodes], codes: [] });
  }
}

/** The code that confirms the enrollment begun last. */
export class Confirm extends Step {
  constructor(
    browser: number,
    readonly code: 'right' | 'wrong',
  ) {
    super(browser);
  }

  subject(model: Model): UserModel | undefined {
    const { state } = this.browserOf(model);
    return state.kind === 'in' ? state.user : undefined;
  }

  send(model: Model, test: TestApp): Promise<Response> {
    const secret = this.subject(model)?.draft?.secret;
    const code = secret === undefined ? '123456' : this.code === 'right' ? test.totp(secret) : test.wrongTotp(secret);
    return test.call(this.browserOf(model).agent, 'complete.totp', code).then();
  }

  settle(model: Model, test: TestApp, { status, body }: Response): void {
    const { state } = this.browserOf(model);
    const { now } = test.clock;
    if (state.kind !== 'in') {
      expect(status).toBe(401);
      return;
    }
    const { user } = state;
    if (!hasAccount(user)) {
      expect(status).toBe(404);
    } else if (draftIsLive(user, now) && state.auth.epoch !== user.securityEpoch) {
      // What another session has begun is not for one whose standing has ended.
      expect([status, body.error?.code]).toEqual([403, 'STEP_UP_REQUIRED']);
    } else if (throttled(user, now)) {
      expect(status).toBe(429);
    } else if (!draftIsLive(user, now)) {
      expect(status).toBe(404);
    } else if (this.code === 'wrong') {
      expect([status, body.error?.code]).toEqual([401, 'INVALID_CODE']);
      fail(user, now);
    } else {
      expect(status).toBe(200);
      expect(body.result).toHaveLength(user.hasCodes ? 0 : 2);
      if (!user.hasCodes) Object.assign(user, { hasCodes: true, codes: body.result, codesUncertain: false });
      succeed(user);
      Object.assign(user, { totp: user.draft!.secret, confirmedStep: timeStep(now, 30), draft: undefined });
      changeFactors(user, state, now);
      state.auth = { at: now, epoch: user.securityEpoch };
    }
  }
}

export class Advance implements AsyncCommand<Model, TestApp> {
  constructor(readonly by: number) {}

  check(): boolean {
    return true;
  }

  run(_model: Model, test: TestApp): Promise<void> {
    test.clock.advance(this.by);
    return Promise.resolve();
  }

  toString(): string {
    return `Advance(${this.by / 1000} s)`;
  }
}

/** Wrong codes one after another until no more are looked at; after the backoff a right one, which comes too late. */
export class Exhaust implements AsyncCommand<Model, TestApp> {
  private readonly wrong: Verify;
  private readonly right: Verify;

  constructor(readonly browser: number) {
    this.wrong = new Verify(browser, 'totp', 'wrong');
    this.right = new Verify(browser, 'totp', 'good');
  }

  check(model: Readonly<Model>): boolean {
    return this.wrong.check(model) && this.wrong.subject(model)?.totp !== undefined;
  }

  async run(model: Model, test: TestApp): Promise<void> {
    for (let tries = 0; tries < 6; tries += 1) await this.wrong.run(model, test);
    test.clock.advance('31s');
    await this.right.run(model, test);
  }

  toString(): string {
    return `Exhaust(${this.browser})`;
  }
}

/** The same request, whose nth statement loses its connection. */
export class Crash implements AsyncCommand<Model, TestApp> {
  constructor(
    readonly step: Step,
    readonly nth: number,
    readonly mode: CrashMode,
  ) {}

  check(model: Readonly<Model>): boolean {
    return this.step.check(model);
  }

  async run(model: Model, test: TestApp): Promise<void> {
    const browser = this.step.browserOf(model);
    const before = browser.state;
    const subject = this.step.subject(model);
    const crash = crashAt(test.db, this.nth, this.mode);
    const response = await this.step.send(model, test).finally(() => {
      crash.end();
    });
    // What decides nothing may fail, and a change whose answer was lost is looked up.
    if (!crash.fired() || response.status < 500) {
      await this.step.settle(model, test, response);
      await this.step.checkBrowser(model);
      return;
    }
    expect(response.status).toBe(500);
    const me = await browser.agent.get('/me');
    if (me.status === 200) expect([before.kind, me.body.id]).toEqual(['in', (before as LoggedIn).user.user.id]);
    if (subject) await learn(test, subject);
    Object.assign(browser, { agent: test.agent(), state: { kind: 'out' } });
  }

  toString(): string {
    return `Crash(${String(this.step)}, ${this.mode} statement ${this.nth})`;
  }
}

/** Many codes at once for one pending login, the right one among them. */
export class Burst extends Step {
  constructor(
    browser: number,
    readonly wrong: number,
  ) {
    super(browser);
  }

  subject(model: Model): UserModel | undefined {
    const { state } = this.browserOf(model);
    return state.kind === 'pending' ? state.user : undefined;
  }

  override check(model: Model): boolean {
    return this.subject(model)?.totp !== undefined;
  }

  send(): Promise<Response> {
    throw new Error('A burst is many requests.');
  }

  settle(): void {
    throw new Error('A burst is many requests.');
  }

  override async run(model: Model, test: TestApp): Promise<void> {
    const browser = this.browserOf(model);
    const state = browser.state as Pending;
    const { user } = state;
    const open = isLive(state, test.clock.now) && !throttled(user, test.clock.now);
    const budget = open ? Math.max(1, 5 - user.failures) : 0;
    const right = test.totp(user.totp!);
    const codes = [...Array<string>(this.wrong).fill(test.wrongTotp(user.totp!)), right, right, right];
    const responses = await Promise.all(codes.map((code) => browser.agent.post('/verify-2fa').send({ code }).then()));
    const successes = responses.filter(({ status }) => status === 200);
    const wrong = responses.filter(({ body }) => body.error?.code === 'INVALID_CODE');
    expect(responses.filter(({ status }) => ![200, 401, 429].includes(status))).toEqual([]);
    expect(successes.length).toBeLessThanOrEqual(1);
    // A right code ends the count of consecutive failures, so guesses after it count anew; before it, none is beyond the budget.
    expect(wrong.length).toBeLessThanOrEqual(successes.length > 0 ? budget - 1 + 5 : budget);
    if (successes.length > 0) {
      const step = timeStep(test.clock.now, 30);
      const use = [user.user.id, 'totp', step, ''].join(' ');
      expect(open && step > Math.max(user.lastStep, user.confirmedStep)).toBe(true);
      expect(model.accepted).not.toContain(use);
      model.accepted.add(use);
      user.lastAccepted = right;
    }
    const uncertain = user.codesUncertain;
    const epoch = user.challengeEpoch;
    await learn(test, user);
    // The fifth wrong one in a row ends every pending login.
    if (open && user.failures >= 5) expect(user.challengeEpoch).toBeGreaterThan(epoch);
    user.codesUncertain = uncertain;
    Object.assign(browser, { agent: test.agent(), state: { kind: 'out' } });
  }
}
