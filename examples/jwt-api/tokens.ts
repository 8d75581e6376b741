import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import jwt from 'jsonwebtoken';
import { UserNotLoggedInError } from 'passport-two-factor';

/** How the user was authenticated, by the names of RFC 8176. */
export type AuthenticationMethod = 'pwd' | 'otp';

/** What a token says, once it was found to be one of ours. */
export interface Claims {
  readonly userId: string;
  readonly amr: readonly AuthenticationMethod[];
  /** Epoch seconds. */
  readonly authTime: number;
}

const claims = new WeakMap<Request, Claims>();

/** What the token of this request says. `bearer` has to come first. */
export function claimsOf(req: Request): Claims {
  const found = claims.get(req);
  if (!found) throw new UserNotLoggedInError();
  return found;
}

/** Access tokens: signed, good for fifteen minutes. Production: a secret that is kept, and refresh tokens beside them. */
export class Tokens {
  private readonly secret = process.env.TOKEN_SECRET ?? randomBytes(32).toString('hex');
  private readonly named = { issuer: 'myapp', audience: 'myapp-api' };

  issue(userId: string, amr: readonly AuthenticationMethod[]): string {
    const authTime = Math.floor(Date.now() / 1000);
    return jwt.sign({ amr, auth_time: authTime }, this.secret, {
      ...this.named,
      algorithm: 'HS256',
      subject: userId,
      expiresIn: '15m',
    });
  }

  /** Lets requests with a token pass, and nobody else. */
  readonly bearer: RequestHandler = (req: Request, _res: Response, next: NextFunction): void => {
    const token = /^Bearer ([\w.-]+)$/.exec(req.get('authorization') ?? '')?.[1] ?? '';
    try {
      const said = jwt.verify(token, this.secret, { ...this.named, algorithms: ['HS256'] }) as jwt.JwtPayload & {
        amr: AuthenticationMethod[];
        auth_time: number;
      };
      claims.set(req, { userId: said.sub ?? '', amr: said.amr, authTime: said.auth_time });
      next();
    } catch {
      next(new UserNotLoggedInError());
    }
  };
}
