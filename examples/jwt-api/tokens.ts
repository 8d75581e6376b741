import { randomBytes } from 'node:crypto';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import jwt from 'jsonwebtoken';
import { UserNotLoggedInError, type TwoFactorClaims } from 'passport-two-factor';

/** Access tokens: signed, good for fifteen minutes. Production: a secret that is kept. */
export class AccessTokens {
  private readonly secret = process.env.TOKEN_SECRET ?? randomBytes(32).toString('hex');
  private readonly named = { issuer: 'myapp', audience: 'myapp-api' };

  issue(userId: string, claims: TwoFactorClaims): string {
    return jwt.sign({ ...claims }, this.secret, {
      ...this.named,
      algorithm: 'HS256',
      subject: userId,
      expiresIn: '15m',
    });
  }

  /** Lets requests with a token pass, and nobody else: its subject is the user, its payload `req.authInfo`. */
  readonly bearer: RequestHandler = (req: Request, _res: Response, next: NextFunction): void => {
    const token = /^Bearer ([\w.-]+)$/.exec(req.get('authorization') ?? '')?.[1] ?? '';
    try {
      const payload = jwt.verify(token, this.secret, { ...this.named, algorithms: ['HS256'] }) as jwt.JwtPayload;
      req.user = { id: Number(payload.sub) };
      req.authInfo = payload;
    } catch {
      next(new UserNotLoggedInError());
      return;
    }
    next();
  };
}
