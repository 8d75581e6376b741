import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import passport from 'passport';
import { SecondFactorStrategy, TwoFactorService, TwoFactorStrategy } from 'passport-two-factor';
import { PasswordStrategy } from './password.strategy.js';

/** Puts the second factor in front of the login. */
@Injectable()
export class Strategies implements OnModuleInit {
  constructor(
    @Inject(TwoFactorService) private readonly service: TwoFactorService,
    @Inject(PasswordStrategy) private readonly password: PasswordStrategy,
  ) {}

  onModuleInit(): void {
    const { service } = this;
    // `PassportStrategy` has registered the bare strategy by the same name, 'local'; this one takes its place.
    passport.use(new TwoFactorStrategy({ service }, this.password));
    passport.use(new SecondFactorStrategy({ service }));
  }
}
