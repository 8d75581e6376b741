import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { TwoFactorService, UserNotLoggedInError, type TwoFactorClaims } from 'passport-two-factor';
import { DataSource, LessThan, MoreThan } from 'typeorm';
import { RefreshToken } from './refresh-token.entity.js';

const lifetime = 30 * 24 * 60 * 60 * 1000;
const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');

/** A refresh token, and what the access token beside it is made of. */
export interface Begun {
  readonly userId: number;
  readonly claims: TwoFactorClaims;
  /** The login that it belongs to, for the access token to name. */
  readonly family: string;
  readonly refreshToken: string;
}

@Injectable()
export class RefreshTokens implements OnModuleInit {
  constructor(
    @Inject(DataSource) private readonly db: DataSource,
    @Inject(TwoFactorService) private readonly service: TwoFactorService,
  ) {}

  /** What ends the second factor of tokens that are out ends the logins that would get others. */
  onModuleInit(): void {
    for (const event of ['enrolled', 'disabled', 'standingsEnded', 'forgotten'] as const)
      this.service.on(event, ({ userId, at }) => this.endAll(Number(userId), at));
  }

  async begin(userId: number, claims: TwoFactorClaims): Promise<Begun> {
    const family = randomUUID();
    const refreshToken = this.next(family);
    await this.rows.insert({
      family,
      userId,
      digest: digestOf(refreshToken),
      claims: JSON.stringify(claims),
      startedAt: Date.now(),
      expiresAt: Date.now() + lifetime,
    });
    return { userId, claims, family, refreshToken };
  }

  /**
   * A refresh token is good once. One that comes again was copied by somebody: its whole family ends.
   * @throws UserNotLoggedInError for any that is not good
   */
  async use(given: unknown): Promise<Begun> {
    const token = typeof given === 'string' ? given : '';
    const [family = ''] = token.split('.');
    const row = await this.rows.findOneBy({ family });
    if (!row || row.expiresAt <= Date.now()) throw new UserNotLoggedInError();
    const refreshToken = this.next(family);
    // Of two requests with one token, one changes the row.
    const used = await this.rows.update({ family, digest: digestOf(token) }, { digest: digestOf(refreshToken) });
    if (used.affected !== 1) {
      await this.rows.delete({ family });
      throw new UserNotLoggedInError();
    }
    return { userId: row.userId, claims: JSON.parse(row.claims) as TwoFactorClaims, family, refreshToken };
  }

  /**
   * After a step-up: the same login goes on with what it stands for now. The refresh token from before counts as used.
   * @throws UserNotLoggedInError where the login was ended in the meantime
   */
  async renew(family: string, userId: number, claims: TwoFactorClaims): Promise<Begun> {
    const refreshToken = this.next(family);
    const renewed = await this.rows.update(
      { family, userId, expiresAt: MoreThan(Date.now()) },
      { digest: digestOf(refreshToken), claims: JSON.stringify(claims) },
    );
    if (renewed.affected !== 1) throw new UserNotLoggedInError();
    return { userId, claims, family, refreshToken };
  }

  /** Whether the login that an access token names was ended by nobody. */
  isLive(family: string, userId: number): Promise<boolean> {
    return this.rows.existsBy({ family, userId, expiresAt: MoreThan(Date.now()) });
  }

  async end(given: unknown): Promise<void> {
    const [family = ''] = typeof given === 'string' ? given.split('.') : [];
    await this.rows.delete({ family });
  }

  /** Those that began before: the client that has changed its factors goes on with a family of its own. */
  async endAll(userId: number, before: number): Promise<void> {
    await this.rows.delete({ userId, startedAt: LessThan(before) });
  }

  private get rows() {
    return this.db.getRepository(RefreshToken);
  }

  private next(family: string): string {
    return `${family}.${randomBytes(32).toString('base64url')}`;
  }
}
