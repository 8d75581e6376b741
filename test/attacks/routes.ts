import type { Express, Request, RequestHandler } from 'express';
import { Strategy } from 'passport';
import { requireSecondFactor, twoFactorAuth, type TwoFactorStrategy } from 'passport-two-factor';
import { UserSchema, type TestApp, type TestUser } from '../support/app.js';

/** A strategy without a second factor that believes whatever e-mail address the body names. */
export class Gullible extends Strategy {
  override readonly name = 'gullible';
  readonly seen: string[] = [];

  constructor(private readonly test: TestApp) {
    super();
  }

  override authenticate(req: Request): void {
    const { email } = req.body as { email: string };
    this.seen.push(email);
    this.test.db
      .getRepository(UserSchema)
      .findOneBy({ email })
      .then(
        (user) => {
          if (user) this.success(user);
          else this.fail(undefined, 401);
        },
        (error: unknown) => {
          this.error(error);
        },
      );
  }
}

const strategyOf = ({ passport }: TestApp, name: string): unknown =>
  (passport as unknown as { _strategy(name: string): unknown })._strategy(name);

export const gullibleOf = (test: TestApp): Gullible => strategyOf(test, 'gullible') as Gullible;

const answerUser: RequestHandler = (req, res) => {
  res.json({ user: (req.user as TestUser).id });
};

/** What apps have beside a plain login, some of it careless: custom callbacks, chains, linking, sign-up, kept sessions. */
export function attackRoutes(app: Express, test: TestApp): void {
  const { passport, service } = test;
  const users = test.db.getRepository(UserSchema);
  const wrapped = strategyOf(test, 'local') as TwoFactorStrategy;
  passport.use('raw', wrapped.inner);
  passport.use(new Gullible(test));
  app.use(twoFactorAuth({ service, passport, login: 'raw', property: 'rawAuth' }));

  app.post('/chain', passport.authenticate(['local', 'gullible']), answerUser);
  app.post('/chain/browser', passport.authenticate(['local', 'gullible'], { failureRedirect: '/login' }), answerUser);
  app.post('/raw', passport.authenticate('raw'), answerUser);
  app.post('/raw/facade', async (req, res) => {
    const { rawAuth } = req as unknown as { rawAuth: Request['auth'] };
    await rawAuth.login(req.body.email, req.body.password);
    res.json({ success: true });
  });
  app.post('/browser', passport.authenticate('local', { secondFactorRedirect: '/enter-code' } as object), answerUser);
  app.post('/keep', passport.authenticate('local', { keepSessionInfo: true }), answerUser);
  app.post('/keep/2fa', passport.authenticate('two-factor', { keepSessionInfo: true }), answerUser);
  app.post('/link', passport.authorize('local'), (req, res) => {
    res.json({ account: (req as unknown as { account: TestUser }).account.id, user: (req.user as TestUser).id });
  });
  app.post('/link/nameless', passport.authenticate('local', { assignProperty: '' } as object), answerUser);
  app.post('/remember', passport.authenticate('local', { remember: true } as object), (req, res) => {
    res.cookie('remember_me', 'a-token-of-the-app').json({ user: (req.user as TestUser).id });
  });

  app.post('/callback', (req, res, next) => {
    passport.authenticate('local', (error: unknown, user: unknown) => {
      res.json({ error: (error as { code?: string } | null)?.code ?? null, user: user ?? null });
    })(req, res, next);
  });
  app.post('/callback/careless', (req, res, next) => {
    passport.authenticate('local', (_error: unknown, user: Express.User) => {
      req.logIn(user, (error) => {
        if (error) next(error);
        else res.json({ success: true });
      });
    })(req, res, next);
  });
  app.post('/callback/2fa', (req, res, next) => {
    passport.authenticate('two-factor', async (error: unknown) => {
      if (error) {
        next(error);
        return;
      }
      const other = (await users.findOneBy({ id: req.body.as }))!;
      req.logIn(other, (failure) => {
        if (failure) next(failure);
        else res.json({ success: true });
      });
    })(req, res, next);
  });
  app.post('/as', async (req, res) => {
    const { id, via, remember } = req.body as { id: number; via: string; remember?: boolean };
    const user = (await users.findOneBy({ id }))!;
    await req.auth.loginAs(user, { via, remember });
    res.json({ success: true });
  });

  app.get('/guarded', (req, res) => {
    res.sendStatus(req.isAuthenticated() ? 200 : 401);
  });
  app.post('/plant', (req, res) => {
    Object.assign(req.session, req.body);
    res.json({ success: true });
  });
  app.get('/peek', (req, res) => {
    res.json(req.session);
  });
  app.get(/secret$/, requireSecondFactor({ service, redirect: '/enter-code' }), (_req, res) => {
    res.json({ secret: true });
  });
  app.post('/return', passport.authenticate('two-factor', { successReturnToOrRedirect: '/' }));
}
