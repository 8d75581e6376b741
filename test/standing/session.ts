import { createHash } from 'node:crypto';
import { Passport } from 'passport';
import type { Response } from 'express';
import type { LogInRequest } from '../../lib/standing/log-in.js';

type Done = (error?: unknown) => void;

export interface Faults {
  /** What `regenerate` and `save` call back with instead of doing it. */
  regenerate?: unknown;
  save?: unknown;
  /** What `regenerate` calls back with when it has done it: stores say `null` or nothing. */
  done?: null;
  /** That of the cookie of a new session, as the app has configured it. */
  maxAge?: number;
}

export interface TestRequest extends LogInRequest {
  session: Record<string, unknown> & { cookie?: { maxAge?: number | null } };
  user?: unknown;
}

/** What the state in the n-th session of such a request is bound to. */
export const boundTo = (session: number): string =>
  createHash('sha256')
    .update(`session ${String(session)}`)
    .digest('hex');

/** A request with a session like express-session's, whose methods are no data; `saved` is what a store would have got. */
export function requestWith(
  data: object = {},
  faults: Faults = {},
): { req: TestRequest; saved: Record<string, unknown>[] } {
  const saved: Record<string, unknown>[] = [];
  const req = {} as TestRequest;
  let ids = 0;
  const open = (own: object): TestRequest['session'] =>
    Object.defineProperties(
      { cookie: { maxAge: faults.maxAge ?? null }, ...own },
      {
        // Like express-session's, no data either.
        id: { value: `session ${String((ids += 1))}` },
        regenerate: {
          configurable: true,
          value: (done: Done) => {
            if ('regenerate' in faults) {
              done(faults.regenerate);
              return;
            }
            // Where there was no cookie there will be none.
            const { cookie } = req.session;
            req.session = open({});
            if (!cookie) delete req.session.cookie;
            done(faults.done);
          },
        },
        save: {
          configurable: true,
          value: (done: Done) => {
            if (!('save' in faults)) saved.push(structuredClone({ ...req.session }));
            done(faults.save);
          },
        },
      },
    );
  req.session = open(data);
  const { twoFactor } = req.session;
  if (typeof twoFactor === 'object' && twoFactor !== null)
    req.session.twoFactor = { session: boundTo(1), ...twoFactor };
  return { req, saved };
}

/** The same once Passport has seen it, so that it has `req.logIn`. */
export function passportRequest(data: object = {}, faults: Faults = {}): ReturnType<typeof requestWith> {
  const made = requestWith(data, faults);
  const passport = new Passport();
  passport.serializeUser((user, done) => {
    done(null, (user as { id: number }).id);
  });
  passport.deserializeUser((id: number, done) => {
    done(null, { id });
  });
  passport.session()(made.req, {} as Response, (error?: Error) => {
    if (error) throw error;
  });
  return made;
}
