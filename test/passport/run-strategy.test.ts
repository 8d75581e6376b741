import { AsyncResource } from 'node:async_hooks';
import type { Request } from 'express';
import { Passport, Strategy } from 'passport';
import { describe, expect, it, vi } from 'vitest';
import { TwoFactorStrategy } from 'passport-two-factor';
import type { InnerStrategy } from '../../lib/passport/run-strategy.js';
import { passportRequest } from '../standing/session.js';
import { serviceWith } from './service.js';

type Done = (user: object) => void;
type Verify = (req: { id: number }, done: Done) => void;

const later = () =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.random() * 3);
  });
const verify: Verify = (req, done) => {
  void later().then(() => {
    done({ id: req.id });
  });
};

class WithPrivate extends Strategy {
  override readonly name = 'private';
  readonly #verify: Verify;
  constructor(given: Verify = verify) {
    super();
    this.#verify = given;
  }
  override authenticate(req: Request): void {
    this.#verify(req as never, (user) => {
      this.success(user);
    });
  }
}

/** As TypeScript compiles private members for old targets, with its helper under a name that tells nothing. */
class Compiled extends Strategy {
  override readonly name = 'compiled';
  static readonly members = new WeakMap<object, Verify>();
  constructor() {
    super();
    Compiled.members.set(this, verify);
  }
  override authenticate(req: Request): void {
    const own = Compiled.members.get(this);
    if (!own) throw new TypeError('Cannot read private member from an object whose class did not declare it');
    own(req as never, (user) => {
      this.success(user);
    });
  }
}

class Arrow extends Strategy {
  override readonly name = 'arrow';
  override authenticate = (req: Request): void => {
    verify(req as never, (user) => {
      this.success(user);
    });
  };
}

class Bound extends Strategy {
  override readonly name = 'bound';
  constructor() {
    super();
    this.authenticate = this.authenticate.bind(this);
  }
  override authenticate(req: Request): void {
    verify(req as never, (user) => {
      this.success(user);
    });
  }
}

class HandsOnABoundHelper extends Strategy {
  override readonly name = 'helper';
  private readonly verified: Done;
  constructor() {
    super();
    this.verified = (user) => {
      this.success(user);
    };
  }
  override async authenticate(req: Request): Promise<void> {
    await later();
    this.verified({ id: (req as unknown as { id: number }).id });
  }
}

/** Answers all requests of a moment together, in the context of whichever came first, and the last one first. */
class Batching extends Strategy {
  override readonly name = 'batching';
  #waiting: (() => void)[] = [];
  override authenticate(req: Request): void {
    const { id } = req as unknown as { id: number };
    if (
      this.#waiting.push(() => {
        this.success({ id });
      }) === 1
    ) {
      setTimeout(() => {
        for (const answer of this.#waiting.splice(0).reverse()) answer();
      }, 5);
    }
  }
}

/** What Passport answers a request with: the user who is logged in, or the error. */
function logIn(strategy: InnerStrategy | string, id: number, passport = new Passport()): Promise<unknown> {
  return new Promise((resolve) => {
    const { req } = passportRequest();
    Object.assign(req, { id });
    passport.serializeUser((user, done) => {
      done(null, (user as { id: number }).id);
    });
    const answer = (error?: unknown): void => {
      resolve(error ?? req.user);
    };
    void (passport.authenticate(strategy) as (...given: unknown[]) => unknown)(
      req,
      {
        setHeader: () => undefined,
        end: () => {
          answer('refused');
        },
      },
      answer,
    );
  });
}

describe('a strategy whose code is bound to itself', () => {
  const { service } = serviceWith();
  it.each([WithPrivate, Compiled, Arrow, Bound, HandsOnABoundHelper, Batching])(
    'works wrapped, as an instance and registered: %o',
    async (Made) => {
      for (const isRegistered of [false, true]) {
        const wrapped = new TwoFactorStrategy({ service }, new Made());
        const passport = new Passport();
        passport.use(wrapped);
        const ids = Array.from({ length: 50 }, (_, id) => id + 1);
        const users = await Promise.all(ids.map((id) => logIn(isRegistered ? wrapped.name : wrapped, id, passport)));
        expect(users).toEqual(ids.map((id) => ({ id })));
      }
    },
  );

  it('that answers outside of the context of its request is denied, whoever it answers with', async () => {
    const callbacks: (() => void)[] = [];
    const wrapped = new TwoFactorStrategy(
      { service },
      new WithPrivate((req, done) => {
        callbacks.push(() => {
          done({ id: req.id });
        });
      }),
    );
    const denied = logIn(wrapped, 1);
    await vi.waitFor(() => {
      expect(callbacks).toHaveLength(1);
    });
    callbacks[0]!();
    expect(await denied).toMatchObject({ message: expect.stringContaining('outside of the async context') as string });
  });

  it('that answers one request twice does not answer the next one', async () => {
    let answerAgain: () => void = () => undefined;
    const wrapped = new TwoFactorStrategy(
      { service },
      new WithPrivate((req, done) => {
        const answer = (): void => {
          done({ id: req.id });
        };
        if (req.id === 1) {
          answerAgain = AsyncResource.bind(answer);
          answer();
        } else {
          void later().then(answer);
        }
      }),
    );
    expect(await logIn(wrapped, 1)).toEqual({ id: 1 });
    const second = logIn(wrapped, 2);
    await Promise.resolve();
    answerAgain();
    expect(await second).toEqual({ id: 2 });
  });

  it('that throws before it answers ends in an error, and the next request has its turn', async () => {
    let broken = true;
    const wrapped = new TwoFactorStrategy(
      { service },
      new WithPrivate((req, done) => {
        if (broken) throw new Error('down');
        done({ id: req.id });
      }),
    );
    expect(await logIn(wrapped, 1)).toMatchObject({ message: 'down' });
    broken = false;
    expect(await logIn(wrapped, 2)).toEqual({ id: 2 });
  });
});

describe('the members of a wrapped strategy', () => {
  class Saml extends Strategy {
    override readonly name = 'saml';
    readonly #sp = 'app';
    _saml = { idp: 'x' };
    kept = 1;
    override authenticate(): void {
      this.fail();
    }
    logout(_req: object, done: (to: string) => void): void {
      done(`${this.#sp} to ${this._saml.idp}`);
    }
  }
  const { service } = serviceWith();

  it('are there, bound to the strategy, readable and assignable', () => {
    const inner = new Saml();
    const wrapped = new TwoFactorStrategy({ service, name: 'sso' }, inner) as TwoFactorStrategy &
      Saml & { later?: string };
    const logout: unknown = Reflect.get(wrapped, 'logout');
    const told: string[] = [];
    (logout as Saml['logout'])({}, (to) => {
      told.push(to);
    });
    expect(told).toEqual(['app to x']);
    expect(Reflect.get(wrapped, 'logout')).toBe(logout);
    expect(wrapped._saml).toBe(inner._saml);
    wrapped.kept = 2;
    wrapped.later = 'new';
    expect(inner).toMatchObject({ kept: 2, later: 'new' });
    expect('logout' in wrapped && 'later' in wrapped).toBe(true);
    expect('nothing' in wrapped).toBe(false);
  });

  it('do not hide its own, nor the actions of a request', async () => {
    const inner = new Saml();
    const wrapped = new TwoFactorStrategy({ service, name: 'sso' }, inner);
    expect(wrapped).toBeInstanceOf(TwoFactorStrategy);
    expect(wrapped).toMatchObject({ name: 'sso', kind: 'oauth', inner });
    expect(wrapped.inner).toBe(inner);
    const passport = new Passport();
    passport.use(wrapped);
    expect(await logIn('sso', 1, passport)).toBe('refused');
    expect(await logIn(wrapped, 1)).toBe('refused');
  });
});
