import { Controller, Get, Injectable, Post, Req, Scope, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import type { Request, Response } from 'express';
import passport from 'passport';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SecondFactorGuard, SessionLogin, TwoFactorModule } from 'passport-two-factor/nestjs';
import type { TestUser } from '../support/app.js';
import { NestTest, Password, type Agent, type NestOptions } from './app.js';
import { Sessions, Vault } from './controllers.js';

const login = (req: Request, user: unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    req.logIn(user as Express.User, (error?: Error) => {
      if (error) reject(error instanceof Error ? error : new Error('Nobody.'));
      else resolve();
    });
  });

/** The recipe for sessions that most Nest apps have. */
@Injectable()
class OldGuard extends AuthGuard('local') {
  override async canActivate(context: Parameters<InstanceType<ReturnType<typeof AuthGuard>>['canActivate']>[0]) {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest<Request>());
    return true;
  }
}

@Injectable({ scope: Scope.REQUEST })
class OfRequest {}

@Injectable({ scope: Scope.REQUEST })
class LateGuard extends SecondFactorGuard {}

@Controller('holes')
class Holes {
  @Post('bare')
  @UseGuards(AuthGuard('local'))
  bare(@Req() req: Request) {
    return { id: (req.user as TestUser).id };
  }

  @Post('bare-then-log-in')
  @UseGuards(AuthGuard('local'))
  async bareThenLogIn(@Req() req: Request) {
    await login(req, req.user);
    return { id: (req.user as TestUser).id };
  }

  @Post('old-guard')
  @UseGuards(OldGuard)
  oldGuard(@Req() req: Request) {
    return { id: (req.user as TestUser).id };
  }

  /** A password reset, a sign-up, a magic link. */
  @Post('log-in')
  async logIn(@Req() req: Request) {
    await login(req, { id: Number((req.body as { id: unknown }).id) });
    return { id: (req.user as TestUser).id };
  }

  @Post('callback')
  callback(@Req() req: Request) {
    return new Promise((resolve, reject) => {
      const answer = (error: unknown, user: unknown): void => {
        if (error || !user) reject(error instanceof Error ? error : new Error('Nobody.'));
        else
          login(req, user).then(() => {
            resolve({ id: (user as TestUser).id });
          }, reject);
      };
      (
        passport.authenticate('local', answer) as (req: Request, res: Response, next: (error?: unknown) => void) => void
      )(req, req.res!, reject as (error?: unknown) => void);
    });
  }

  @Get('late')
  @UseGuards(LateGuard)
  late() {
    return { open: true };
  }
}

@Controller({ path: 'versioned', version: '2' })
@UseGuards(SecondFactorGuard)
class Versioned {
  @Get()
  get() {
    return { open: true };
  }
}

@Controller({ path: 'login', version: '1' })
class PrefixedLogin {
  @Post()
  @UseGuards(SessionLogin('local'))
  logIn() {
    return {};
  }

  @Post('code')
  @UseGuards(SessionLogin('two-factor'))
  enterCode() {
    return {};
  }
}

const options: NestOptions = { controllers: [Sessions, Vault, Holes], providers: [OfRequest, OldGuard] };

describe('an attacker of a Nest app, with the password and without the code', () => {
  let test: NestTest;
  let next = 0;
  beforeAll(async () => {
    test = await NestTest.open(options);
  });
  afterAll(() => test.close());

  const expectNobody = async (agent: Agent): Promise<void> => {
    await agent.get('/me').expect(401);
    await agent.get('/vault/any').expect(401);
  };

  it.each(['bare', 'bare-then-log-in', 'old-guard', 'log-in', 'callback'])('is not let in by %s', async (hole) => {
    const { user } = await test.withTotp((next += 1));
    const agent = test.agent();
    const { body } = await agent
      .post(`/holes/${hole}`)
      .send({ email: user.email, password: user.password, id: user.id })
      .expect(401);
    expect(body).toMatchObject({ requiresTwoFactor: true });
    expect(body).not.toHaveProperty('id');
    await expectNobody(agent);
  });

  it.each(['bare-then-log-in', 'old-guard', 'log-in', 'callback'])(
    '%s lets in a user without a second factor',
    async (hole) => {
      const user = await test.user((next += 1));
      const agent = test.agent();
      await agent.post(`/holes/${hole}`).send({ email: user.email, password: user.password, id: user.id }).expect(201);
      await agent.get('/me').expect(200, { id: user.id });
    },
  );

  it('gets nothing by asking a guard that is made for each request', async () => {
    const { user } = await test.withTotp((next += 1));
    const agent = test.agent();
    await agent.post('/login').send({ email: user.email, password: user.password }).expect(401);
    const { body } = await agent.get('/holes/late').expect(401);
    expect(body).toMatchObject({ error: { code: 'NOT_LOGGED_IN' } });
  });

  it("gets nothing by the challenge token of a login without a session, in another session's name", async () => {
    const { user, secret } = await test.withTotp((next += 1));
    const bare = await test.agent().post('/holes/bare').send({ email: user.email, password: user.password });
    const { challengeToken } = bare.body as { challengeToken: string };
    const agent = test.agent();
    await agent
      .post('/login/code')
      .send({ challengeToken, code: test.totp(secret) })
      .expect(401);
    await expectNobody(agent);
  });
});

describe('a Nest app with a global prefix and versions', () => {
  it.each(['/api/v2/versioned', '/api/v2/VERSIONED/', '/api/v2/versioned?x=/2fa', '/api//v2/versioned'])(
    'guards %s, whose login needs the code',
    async (path) => {
      const test = await NestTest.open({
        controllers: [PrefixedLogin, Versioned],
        main: (app) => {
          app.setGlobalPrefix('api');
          app.enableVersioning();
        },
      });
      const { user, secret } = await test.withTotp(1);
      const agent = test.agent();
      const status = async () => (await agent.get(path)).status;
      const isRoute = !path.includes('//');
      expect(await status()).toBe(isRoute ? 401 : 404);
      await agent.post('/api/v1/login').send({ email: user.email, password: user.password }).expect(401);
      expect(await status()).toBe(isRoute ? 401 : 404);
      await agent
        .post('/api/v1/login/code')
        .send({ code: test.totp(secret) })
        .expect(201);
      expect(await status()).toBe(isRoute ? 200 : 404);
      await test.close();
    },
  );
});

describe('Nest apps of one process, which have one Passport', () => {
  it('work one after the other, each with its own service', async () => {
    for (const id of [1, 2, 3]) {
      const test = await NestTest.open(options);
      const { user, secret } = await test.withTotp(id);
      const agent = test.agent();
      await test.logIn(agent, { user, secret });
      await agent.get('/me').expect(200, { id });
      await agent.get('/vault/any').expect(200);
      await test.close();
    }
  });

  it('the one that came before serves nobody, since another service judges its logins', async () => {
    const before = await NestTest.open(options);
    const { user } = await before.withTotp(1);
    const after = await NestTest.open(options);
    const body = { email: user.email, password: user.password, id: 1 };
    for (const hole of ['login', 'holes/bare', 'holes/log-in', 'holes/callback']) {
      const agent = before.agent();
      await agent.post(`/${hole}`).send(body).expect(500);
      await agent.get('/me').expect(500);
    }
    // The second one works as before.
    const known = await after.withTotp(2);
    await after.logIn(after.agent(), known);
    await before.close();
    await after.close();
  });

  it('may share one service', async () => {
    const before = await NestTest.open(options);
    const after = await NestTest.open({
      ...options,
      twoFactor: () => TwoFactorModule.forRoot({ service: before.service }),
    });
    const known = await before.withTotp(1);
    await before.agent().post('/holes/log-in').send({ id: known.user.id }).expect(401);
    await after.agent().post('/holes/log-in').send({ id: known.user.id }).expect(401);
    await after.close();
    await before.close();
  });

  it('a strategy that is registered while the app before is there is judged by its own service', async () => {
    const before = await NestTest.open(options);
    await before.close();
    const after = await NestTest.open(options);
    const strategies = (passport as unknown as { _strategies: Record<string, { inner?: unknown }> })._strategies;
    expect(strategies.local!.inner).toBeInstanceOf(Password);
    await after.close();
  });
});
