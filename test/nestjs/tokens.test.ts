import { Body, Controller, Get, Inject, Injectable, Post, Req, UseGuards } from '@nestjs/common';
import { JwtModule, JwtService } from '@nestjs/jwt';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { ExtractJwt, Strategy as JwtStrategy } from 'passport-jwt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimsOf, TwoFactorService, type RequestAuth, type TwoFactorClaims } from 'passport-two-factor';
import { Auth, SecondFactor, SecondFactorGuard } from 'passport-two-factor/nestjs';
import { NestTest } from './app.js';
import type { TestUser } from '../support/app.js';

const secret = 'for the tests';

@Injectable()
class Bearer extends PassportStrategy(JwtStrategy) {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: secret });
  }

  validate(payload: { sub: string }): unknown[] {
    return [{ id: Number(payload.sub) }, payload];
  }
}

@Controller()
class Tokens {
  constructor(
    @Inject(JwtService) private readonly jwt: JwtService,
    @Inject(TwoFactorService) private readonly service: TwoFactorService,
  ) {}

  /** As most apps with passport-local have it. */
  @Post('token')
  @UseGuards(AuthGuard('local'))
  token(@Req() req: Request) {
    return this.issue((req.user as TestUser).id, claimsOf(req));
  }

  @Post('token/code')
  @UseGuards(AuthGuard('two-factor'))
  code(@Req() req: Request) {
    return this.issue((req.user as TestUser).id, claimsOf(req));
  }

  /** As an app without passport-local has it. */
  @Post('own')
  async own(@Body('id') id: number) {
    return this.issue(id, await this.service.login({ id }, { via: 'password', kind: 'local' }));
  }

  @Post('own/code')
  async ownCode(@Body() body: { challengeToken: string; code: string }) {
    const { user, claims } = await this.service.finish(body.challengeToken, body.code);
    return this.issue((user as TestUser).id, claims);
  }

  @Get('me')
  @UseGuards(AuthGuard('jwt'))
  me(@Req() req: Request) {
    return req.user;
  }

  @Get('vault')
  @UseGuards(AuthGuard('jwt'), SecondFactorGuard)
  @SecondFactor({ maxAge: '5m' })
  vault() {
    return { open: true };
  }

  @Get('wrong-order')
  @UseGuards(SecondFactorGuard, AuthGuard('jwt'))
  wrongOrder() {
    return { open: true };
  }

  @Post('step-up')
  @UseGuards(AuthGuard('jwt'))
  async stepUp(@Auth() auth: RequestAuth, @Req() req: Request, @Body('code') code: string) {
    await auth.twoFactor.verify.totp(code);
    return this.issue((req.user as TestUser).id, auth.claims);
  }

  private issue(id: number, claims: TwoFactorClaims) {
    return { token: this.jwt.sign({ ...claims }, { subject: String(id), expiresIn: '1h' }) };
  }
}

const refused = (code: string) => ({ error: { code, message: expect.any(String) as string } });

describe('a Nest app with tokens', () => {
  let test: NestTest;
  let next = 0;
  const open = (claims: boolean): Promise<NestTest> =>
    NestTest.open({
      sessions: false,
      controllers: [Tokens],
      providers: [Bearer],
      imports: [JwtModule.register({ secret })],
      module: claims ? { claims: (req: Request) => req.authInfo } : {},
    });
  beforeAll(async () => {
    test = await open(true);
  });
  afterAll(() => test.close());

  const enrolled = () => test.withTotp((next += 1));
  const ask = async (path: string, token: string): Promise<unknown> =>
    (await test.agent().get(path).set('Authorization', `Bearer ${token}`)).body;

  async function halted(user: TestUser): Promise<string> {
    const { body } = await test.agent().post('/token').send({ email: user.email, password: user.password }).expect(401);
    expect(body).toMatchObject({ requiresTwoFactor: true, methods: { totp: true, backupCode: true } });
    expect(body).not.toHaveProperty('token');
    return (body as { challengeToken: string }).challengeToken;
  }

  async function tokenOf({ user, secret: key }: { user: TestUser; secret: string }): Promise<string> {
    const challengeToken = await halted(user);
    const { body } = await test
      .agent()
      .post('/token/code')
      .send({ challengeToken, code: test.totp(key) })
      .expect(201);
    test.clock.advance('30s');
    return (body as { token: string }).token;
  }

  it('gives no token for the password alone, and one for password and code', async () => {
    const known = await enrolled();
    const challengeToken = await halted(known.user);
    const wrong = await test.agent().post('/token/code').send({ challengeToken, code: '000000' }).expect(401);
    expect(wrong.body).toEqual(refused('INVALID_CODE'));
    expect(await ask('/vault', challengeToken)).toMatchObject({ statusCode: 401 });
    expect(await ask('/vault', await tokenOf(known))).toEqual({ open: true });
  });

  it('does the same for a service that checks passwords by itself', async () => {
    const { user, secret: key } = await enrolled();
    const { body } = await test.agent().post('/own').send({ id: user.id }).expect(401);
    expect(body).toMatchObject({ requiresTwoFactor: true, challengeToken: expect.any(String) });
    const { challengeToken } = body as { challengeToken: string };
    const done = await test
      .agent()
      .post('/own/code')
      .send({ challengeToken, code: test.totp(key) })
      .expect(201);
    expect(await ask('/vault', (done.body as { token: string }).token)).toEqual({ open: true });
    const again = await test
      .agent()
      .post('/own/code')
      .send({ challengeToken, code: test.totp(key) });
    expect(again.body).toEqual(refused('CHALLENGE_EXPIRED'));
  });

  it('guards by age, and a step-up by token gives another one', async () => {
    const known = await enrolled();
    const token = await tokenOf(known);
    test.clock.advance('6m');
    expect(await ask('/vault', token)).toEqual(refused('STEP_UP_REQUIRED'));
    const { body } = await test
      .agent()
      .post('/step-up')
      .set('Authorization', `Bearer ${token}`)
      .send({ code: test.totp(known.secret) })
      .expect(201);
    expect(await ask('/vault', (body as { token: string }).token)).toEqual({ open: true });
    expect(await ask('/vault', token)).toEqual(refused('STEP_UP_REQUIRED'));
  });

  it('takes no claims from before a change of factors, or from before endStandings', async () => {
    const known = await enrolled();
    const token = await tokenOf(known);
    await test.service.endStandings(String(known.user.id));
    expect(await ask('/vault', token)).toEqual(refused('STEP_UP_REQUIRED'));
    const fresh = await tokenOf(known);
    await test.service.setup.email(String(known.user.id));
    expect(await ask('/vault', fresh)).toEqual(refused('STEP_UP_REQUIRED'));
  });

  it("takes no claims that are another user's", async () => {
    const token = await tokenOf(await enrolled());
    const victim = await enrolled();
    const jwt = test.app.get(JwtService, { strict: false });
    const { two_factor: claim } = jwt.decode<TwoFactorClaims>(token);
    const forged = jwt.sign({ two_factor: claim }, { subject: String(victim.user.id) });
    expect(await ask('/me', forged)).toEqual({ id: victim.user.id });
    expect(await ask('/vault', forged)).toEqual(refused('STEP_UP_REQUIRED'));
  });

  it('lets a user who was removed no further', async () => {
    const known = await enrolled();
    const token = await tokenOf(known);
    await test.db.getRepository('User').update(known.user.id, { disabled: 1 });
    expect(await ask('/vault', token)).toEqual(refused('NOT_LOGGED_IN'));
  });

  it('denies everybody where the guard comes before the one that finds the user', async () => {
    expect(await ask('/wrong-order', await tokenOf(await enrolled()))).toEqual(refused('NOT_LOGGED_IN'));
  });

  it('without claims denies, and does not send everybody to a step-up for ever', async () => {
    const known = await enrolled();
    const token = await tokenOf(known);
    const other = await open(false);
    const answer = await other.agent().get('/vault').set('Authorization', `Bearer ${token}`).expect(500);
    expect(answer.body).not.toHaveProperty('open');
    await other.close();
  });
});
