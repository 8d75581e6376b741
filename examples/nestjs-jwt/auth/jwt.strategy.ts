import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { Settings } from './settings.js';

/** Reads the access token. The user is looked up by the guards; what the token says goes to `req.authInfo`. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(@Inject(Settings) { tokenSecret, named }: Settings) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: tokenSecret,
      algorithms: ['HS256'],
      ...named,
    });
  }

  validate(payload: { sub: string }): [user: { id: number }, payload: object] {
    return [{ id: Number(payload.sub) }, payload];
  }
}
