// An app as a user of the library writes it, whose connections go to one place: a node, or the proxy in front of them.
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import session, { MemoryStore, type Store } from 'express-session';
import { Passport } from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { DataSource, type Logger } from 'typeorm';
import {
  generateKey,
  requireSecondFactor,
  SecondFactorStrategy,
  secondFactorErrorHandler,
  twoFactorAuth,
  twoFactorEntities,
  TwoFactorService,
  TwoFactorStrategy,
} from 'passport-two-factor';
import { decodeBase32 } from '../../lib/core/provisioning.js';
import { defaultTotpParameters, timeStep, totpAt } from '../../lib/core/totp.js';
import { count, type Tally } from './figures.js';

interface User {
  id: string;
}

/** What all apps have in common: as with many machines, the keys, the sessions and (with NTP) the time. */
export class Shared {
  readonly outbox = new Map<string, string>();

  constructor(
    readonly keys = generateKey('k1'),
    public now = Date.UTC(2026, 0, 1, 12),
    readonly sessions: Store = new MemoryStore(),
  ) {}

  /** The code of a base32 secret, `steps` from now. */
  totp(secret: string, steps = 0): string {
    return totpAt(decodeBase32(secret)!, timeStep(this.now, 30) + steps, defaultTotpParameters);
  }

  wrongTotp(secret: string): string {
    const near = [-2, -1, 0, 1, 2].map((steps) => this.totp(secret, steps));
    return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code))!;
  }
}

export interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  /** The cookie to go on with. */
  readonly cookie: string;
}

/** Counts the errors of the database that the library met, those that it tried again after included. */
class Errors implements Logger {
  readonly seen: Tally = {};

  logQueryError(error: string | Error): void {
    const { errno, code } = error as { errno?: number; code?: string };
    count(this.seen, String(errno ?? code ?? error));
  }

  logQuery(): void {
    /* not counted */
  }
  logQuerySlow(): void {
    /* not counted */
  }
  logSchemaBuild(): void {
    /* not counted */
  }
  logMigration(): void {
    /* not counted */
  }
  log(): void {
    /* not counted */
  }
}

export class NodeApp {
  private constructor(
    readonly db: DataSource,
    readonly service: TwoFactorService,
    private readonly errors: Errors,
    private readonly server: Server,
  ) {}

  static async open(url: string, shared: Shared, synchronize = false): Promise<NodeApp> {
    const errors = new Errors();
    const db = await new DataSource({
      type: 'mysql',
      url,
      entities: twoFactorEntities(),
      synchronize,
      logger: errors,
    }).initialize();
    const service = new TwoFactorService({
      db,
      keys: shared.keys,
      clock: () => shared.now,
      twoFactor: { issuer: 'Galera', backupCodesCount: 2 },
      users: { id: (user: User) => user.id, email: (user: User) => `${user.id}@example.com`, find: (id) => ({ id }) },
      deliver: {
        email: ({ userId, code }) => {
          shared.outbox.set(userId, code);
          return Promise.resolve();
        },
      },
    });
    const app = build(service, shared);
    const server = await new Promise<Server>((resolve) => {
      const listening = app.listen(0, '127.0.0.1', () => {
        resolve(listening);
      });
    });
    return new NodeApp(db, service, errors, server);
  }

  get seen(): Tally {
    return this.errors.seen;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async post(path: string, body: object, cookie = ''): Promise<Answer> {
    return this.send(path, cookie, { method: 'POST', body: JSON.stringify(body) });
  }

  async get(path: string, cookie: string): Promise<number> {
    return (await this.send(path, cookie, {})).status;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await this.db.destroy();
  }

  private async send(path: string, cookie: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      ...init,
      headers: { 'content-type': 'application/json', cookie },
    });
    const body = (await response.json()) as { error?: { code?: string } };
    return {
      status: response.status,
      code: body.error?.code,
      cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? cookie,
    };
  }
}

function build(service: TwoFactorService, { sessions }: Shared): express.Express {
  const passport = new Passport();
  passport.serializeUser((user, done) => {
    done(null, (user as User).id);
  });
  passport.deserializeUser((id: string, done) => {
    done(null, { id });
  });
  // The first factor is not what is tried here: everybody's password is their name.
  const local = new LocalStrategy((username, password, done) => {
    done(null, username === password ? { id: username } : false);
  });
  passport.use(new TwoFactorStrategy({ service }, local));
  passport.use(new SecondFactorStrategy({ service }));
  const app = express();
  app.use(
    express.json(),
    session({ secret: 'galera', resave: false, saveUninitialized: false, store: sessions }),
    passport.session(),
  );
  app.use(twoFactorAuth({ service, passport }));
  app.post('/login', passport.authenticate('local'), (_req, res) => {
    res.json({});
  });
  app.post('/2fa', passport.authenticate('two-factor'), (_req, res) => {
    res.json({});
  });
  app.post('/verify', async (req, res) => {
    await req.auth.twoFactor.verify.totp(req.body.code);
    res.json({});
  });
  app.post('/complete', async (req, res) => {
    await req.auth.completeTwoFactorLogin();
    res.json({});
  });
  app.post('/verify-2fa', async (req, res) => {
    const { verify } = req.auth.twoFactor;
    const verifiers: Record<string, (code: never) => Promise<void>> = { ...verify };
    await verifiers[req.body.method as string]!(req.body.code as never);
    await req.auth.completeTwoFactorLogin();
    res.json({});
  });
  app.post('/setup', async (req, res) => {
    await req.auth.twoFactor.setup.totp();
    res.json({});
  });
  app.post('/disable', async (req, res) => {
    await req.auth.twoFactor.disable(req.body.mechanism);
    res.json({});
  });
  app.get('/me', (req, res) => {
    res.status(req.auth.isLoggedIn() ? 200 : 401).json({ id: (req.user as User | undefined)?.id });
  });
  app.get('/admin', requireSecondFactor({ service }), (_req, res) => {
    res.json({});
  });
  app.use(secondFactorErrorHandler({ status: 202 }));
  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    const { errno, message } = error as { errno?: number; message?: string };
    res.status(500).json({ error: { code: `500 ${errno ?? message}` } });
  });
  return app;
}
