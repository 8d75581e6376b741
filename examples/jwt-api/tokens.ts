import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import jwt from 'jsonwebtoken';
import { UserNotLoggedInError, type TwoFactorClaims } from 'passport-two-factor';

/** What an access token is made of. */
interface Issued {
  readonly userId: string;
  readonly claims: TwoFactorClaims;
  /** The login that it belongs to: the family of the refresh token beside it. */
  readonly family: string;
}

/** Access tokens: signed, good for ten minutes. Production: a secret that is kept. */
export class AccessTokens {
  private readonly secret = process.env.TOKEN_SECRET ?? randomBytes(32).toString('hex');
  private readonly named = { issuer: 'myapp', audience: 'myapp-api' };

  constructor(private readonly clock: () => number) {}

  issue({ userId, claims, family }: Issued): string {
    return jwt.sign({ ...claims, sid: family, iat: this.now() }, this.secret, {
      ...this.named,
      algorithm: 'HS256',
      subject: userId,
      expiresIn: '10m',
    });
  }

  /** Lets requests with a token pass, and nobody else: its subject is the user, its payload `req.authInfo`. */
  readonly bearer: RequestHandler = (req: Request, _res: Response, next: NextFunction): void => {
    const token = /^Bearer ([\w.-]+)$/.exec(req.get('authorization') ?? '')?.[1] ?? '';
    try {
      const payload = jwt.verify(token, this.secret, {
        ...this.named,
        algorithms: ['HS256'],
        clockTimestamp: this.now(),
      }) as jwt.JwtPayload;
      req.user = { id: Number(payload.sub) };
      req.authInfo = payload;
    } catch {
      next(new UserNotLoggedInError());
      return;
    }
    next();
  };

  /** Epoch seconds. */
  private now(): number {
    return Math.floor(this.clock() / 1000);
  }
}

/** The login that the request's access token belongs to; it has been verified by `bearer`. */
export const familyOf = (req: Request): string => String((req.authInfo as { readonly sid?: unknown }).sid);
