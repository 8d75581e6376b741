// A process of its own: the app on a database that other processes use too. Started by processes.ts, spoken to over IPC.
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { DataSource, EntitySchema, type DataSourceOptions } from 'typeorm';
import {
  SecondFactorStrategy,
  secondFactorErrorHandler,
  twoFactorAuth,
  twoFactorEntities,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';

export interface Start {
  readonly options: DataSourceOptions;
  readonly keys: string;
  /** The time, which stands still until a number is sent. */
  readonly now: number;
}

interface User {
  id: number;
  email: string;
  password: string;
}

const users = new EntitySchema<User>({
  name: 'User',
  tableName: 'app_users',
  columns: { id: { type: 'int', primary: true }, email: { type: 'varchar' }, password: { type: 'varchar' } },
});

async function start({ options, keys, now: given }: Start): Promise<void> {
  let now = given;
  process.on('message', (message: number) => {
    now = message;
    process.send?.('told');
  });
  const db = await new DataSource({ ...options, entities: [users, ...twoFactorEntities()] }).initialize();
  const repository = db.getRepository(users);
  const service = new TwoFactorService({
    db,
    keys,
    users: {
      id: (user: User) => String(user.id),
      email: (user: User) => user.email,
      find: (id) => repository.findOneBy({ id: Number(id) }),
    },
    twoFactor: { issuer: 'MyApp' },
    clock: () => now,
  });
  const local = new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
    repository.findOneBy({ email, password }).then((user) => {
      done(null, user ?? false);
    }, done);
  });
  passport.use(new TwoFactorStrategy({ service }, local));
  passport.use(new SecondFactorStrategy({ service }));
  passport.serializeUser((user, done) => {
    done(null, (user as User).id);
  });
  passport.deserializeUser((id: number, done) => {
    repository.findOneBy({ id }).then((user) => {
      done(null, user ?? false);
    }, done);
  });

  const app = express();
  app.use(express.json(), session({ secret: 'test', resave: false, saveUninitialized: false }), passport.session());
  app.use(twoFactorAuth({ service, passport }));
  app.post('/login', async (req, res) => {
    await req.auth.login(req.body.email, req.body.password);
    res.json({ success: true });
  });
  app.post('/verify-2fa', async (req, res) => {
    const { totp, backupCode } = req.auth.twoFactor.verify;
    await (req.body.method === 'backupCode' ? backupCode : totp)(req.body.code);
    await req.auth.completeTwoFactorLogin();
    res.json({ success: true });
  });
  app.post('/passport/login', passport.authenticate('local'), (_req, res) => {
    res.json({ success: true });
  });
  app.post('/2fa', passport.authenticate('two-factor'), (_req, res) => {
    res.json({ success: true });
  });
  app.post('/token/login', passport.authenticate('local', { session: false }), (_req, res) => {
    res.json({ success: true });
  });
  app.post('/token/2fa', passport.authenticate('two-factor', { session: false }), (_req, res) => {
    res.json({ success: true });
  });
  app.get('/me', (req, res) => {
    res.sendStatus(req.auth.isLoggedIn() ? 200 : 401);
  });
  app.use(secondFactorErrorHandler({ status: 202 }));

  const server = app.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? address?.port : undefined);
  });
}

process.once('message', (message: Start) => {
  start(message).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit());
