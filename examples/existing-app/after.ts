import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { DataSource, EntitySchema } from 'typeorm';
import { protect, twoFactorEntities, TwoFactorService } from 'passport-two-factor';
import { twoFactorRouter } from 'passport-two-factor/router';

interface Account { id: number; email: string; password: string }

const AccountSchema = new EntitySchema<Account>({
  name: 'Account',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    email: { type: 'varchar', unique: true },
    password: { type: 'varchar' },
  },
});

const hash = (password: string, salt = randomBytes(16).toString('hex')): string =>
  `${salt}.${scryptSync(password, salt, 32).toString('hex')}`;
const matches = (password: string, stored: string): boolean =>
  timingSafeEqual(Buffer.from(stored), Buffer.from(hash(password, stored.split('.')[0])));
/** Compared with where nobody has the address, so that the answer takes the same time. */
const nobody = hash(randomBytes(16).toString('hex'));

/** A form that another site has sent, to log a visitor into an account that is not theirs, or out. */
const refuseOtherSites: RequestHandler = (req, res, next) => {
  const origin = req.get('Origin') ?? '';
  const site = req.get('Sec-Fetch-Site') ?? (origin === '' || origin.endsWith(`://${req.get('Host') ?? ''}`) ? 'none' : 'cross-site');
  if (req.method === 'GET' || site === 'same-origin' || site === 'none') next();
  else res.sendStatus(403);
};

const credentials = (action: string): string => `
  <form method="post" action="${action}">
    <input name="email" type="email" autocomplete="username" placeholder="E-mail address" required>
    <input name="password" type="password" autocomplete="current-password" placeholder="Password" required>
    <button>${action === '/login' ? 'Log in' : 'Sign up'}</button>
  </form>`;

async function main(): Promise<void> {
  const db = await new DataSource({
    type: 'better-sqlite3',
    database: process.env.DATABASE ?? join(__dirname, 'demo.sqlite'),
    enableWAL: true,
    entities: [AccountSchema, ...twoFactorEntities()],
    synchronize: true,
  }).initialize();
  const accounts = db.getRepository(AccountSchema);
  const findAccount = (id: number): Promise<Account | null> => accounts.findOneBy({ id });

  passport.use(new LocalStrategy({ usernameField: 'email' }, (email, password, done) => {
    accounts.findOneBy({ email }).then((account) => {
      const right = matches(password, account?.password ?? nobody);
      done(null, account && right ? account : false);
    }, done);
  }));
  passport.serializeUser((user, done) => { done(null, (user as Account).id); });
  passport.deserializeUser((id: number, done) => {
    findAccount(id).then((account) => { done(null, account); }, done);
  });
  const users = { id: ({ id }: Account) => String(id), label: ({ email }: Account) => email, find: (id: string) => findAccount(Number(id)) };
  const service = new TwoFactorService({ db, keys: process.env.TWO_FACTOR_KEYS, users, twoFactor: { issuer: 'MyApp' } });
  protect(passport, { service, secondFactorRedirect: '/2fa' });

  const app = express();
  app.use(refuseOtherSites, express.urlencoded({ extended: false }));
  app.use(session({ secret: randomBytes(32).toString('hex'), resave: false, saveUninitialized: false, cookie: { sameSite: 'lax' } }));
  app.use(passport.session());
  app.use('/2fa', twoFactorRouter({ service, passport, pages: true }));

  app.get('/login', (_req, res) => { res.send(`<h1>Log in</h1>${credentials('/login')}<h2>Or sign up</h2>${credentials('/signup')}`); });
  app.post('/login', passport.authenticate('local', { successReturnToOrRedirect: '/', failureRedirect: '/login' }));
  app.post('/signup', async (req, res) => {
    const { email, password } = req.body as Record<string, string>;
    await accounts.insert({ email: String(email), password: hash(String(password)) });
    res.redirect('/login');
  });
  app.post('/logout', (req, res, next) => {
    req.logout((error: unknown) => { if (error) next(error); else res.redirect('/login'); });
  });
  app.get('/', (req, res) => {
    if (!req.user) { res.redirect('/login'); return; }
    res.send(`<h1>You are in</h1>
      <p><a href="/2fa">Two-step login</a></p>
      <form method="post" action="/logout"><button>Log out</button></form>`);
  });

  const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
    console.log(`Open http://localhost:${(server.address() as AddressInfo).port}`);
  });
}

void main();
