import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  EntitySchema,
  LessThan,
  MoreThan,
  Table,
  type DataSource,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { UserNotLoggedInError, type TwoFactorClaims, type TwoFactorService } from 'passport-two-factor';

/** A login of one client: a family of refresh tokens, of which the newest is good. */
interface Family {
  id: string;
  /** SHA-256 of the token that is good now: a copy of the table refreshes nothing. */
  digest: string;
  userId: string;
  /** What the login stands for, as JSON. Copied into each access token, and never renewed by it. */
  claims: string;
  /** Epoch milliseconds. */
  startedAt: number;
  expiresAt: number;
}

export const refreshTokenTable = new EntitySchema<Family>({
  name: 'RefreshTokenFamily',
  tableName: 'refresh_tokens',
  columns: {
    id: { type: 'varchar', length: '36', primary: true },
    digest: { type: 'varchar', length: '64' },
    userId: { type: 'varchar', length: '191' },
    claims: { type: 'text' },
    startedAt: { type: 'bigint' },
    expiresAt: { type: 'bigint' },
  },
});

export class CreateRefreshTokens implements MigrationInterface {
  readonly name = 'CreateRefreshTokens1760000000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'refresh_tokens',
        columns: [
          { name: 'id', type: 'varchar', length: '36', isPrimary: true },
          { name: 'digest', type: 'varchar', length: '64' },
          { name: 'userId', type: 'varchar', length: '191' },
          { name: 'claims', type: 'text' },
          { name: 'startedAt', type: 'bigint' },
          { name: 'expiresAt', type: 'bigint' },
        ],
        indices: [{ name: 'refresh_tokens_user', columnNames: ['userId'] }],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('refresh_tokens');
  }
}

/** For how long a client may go on without a login, however often it refreshes. */
const lifetime = 30 * 24 * 60 * 60 * 1000;
const digestOf = (token: string): string => createHash('sha256').update(token).digest('hex');
const familyOf = (given: unknown): string => (typeof given === 'string' ? (given.split('.')[0] ?? '') : '');
const next = (family: string): string => `${family}.${randomBytes(32).toString('base64url')}`;

/** A refresh token, and what the access token beside it is made of. */
export interface Begun {
  readonly userId: string;
  readonly claims: TwoFactorClaims;
  /** The login that it belongs to, for the access token to name. */
  readonly family: string;
  readonly refreshToken: string;
}

export class RefreshTokens {
  constructor(
    private readonly db: DataSource,
    service: TwoFactorService,
    private readonly clock: () => number,
  ) {
    // What ends the second factor of access tokens that are out ends the logins that would get others.
    for (const event of ['enrolled', 'disabled', 'standingsEnded', 'forgotten'] as const)
      service.on(event, ({ userId, at }) => this.endBefore(userId, at));
  }

  async begin(userId: string, claims: TwoFactorClaims): Promise<Begun> {
    const family = randomUUID();
    const refreshToken = next(family);
    const startedAt = this.clock();
    // Nobody comes back for the families of the user that have expired.
    await this.families.delete({ userId, expiresAt: LessThan(startedAt) });
    await this.families.insert({
      id: family,
      userId,
      startedAt,
      digest: digestOf(refreshToken),
      claims: JSON.stringify(claims),
      expiresAt: startedAt + lifetime,
    });
    return { userId, claims, family, refreshToken };
  }

  /**
   * A refresh token is good once. One that comes again was copied by somebody: its whole family ends, for the thief and
   * for the owner, who logs in again.
   * @throws UserNotLoggedInError for any that is not good
   */
  async use(given: unknown): Promise<Begun> {
    const family = familyOf(given);
    const found = await this.families.findOneBy({ id: family, expiresAt: MoreThan(this.clock()) });
    if (!found) throw new UserNotLoggedInError();
    const refreshToken = next(family);
    // Of two requests with one token, one changes the row.
    const used = await this.families.update(
      { id: family, digest: digestOf(given as string) },
      { digest: digestOf(refreshToken) },
    );
    if (used.affected !== 1) {
      await this.families.delete({ id: family });
      throw new UserNotLoggedInError();
    }
    return { userId: found.userId, claims: JSON.parse(found.claims) as TwoFactorClaims, family, refreshToken };
  }

  /**
   * After a step-up: the same login goes on with what it stands for now. The refresh token from before counts as used.
   * @throws UserNotLoggedInError where the login was ended in the meantime
   */
  async renew(family: string, userId: string, claims: TwoFactorClaims): Promise<Begun> {
    const refreshToken = next(family);
    const renewed = await this.families.update(
      { id: family, userId, expiresAt: MoreThan(this.clock()) },
      { digest: digestOf(refreshToken), claims: JSON.stringify(claims) },
    );
    if (renewed.affected !== 1) throw new UserNotLoggedInError();
    return { userId, claims, family, refreshToken };
  }

  /** Whether the login that an access token names was ended by nobody. */
  isLive(family: string, userId: string): Promise<boolean> {
    return this.families.existsBy({ id: family, userId, expiresAt: MoreThan(this.clock()) });
  }

  async end(given: unknown): Promise<void> {
    await this.families.delete({ id: familyOf(given) });
  }

  async endAll(userId: string): Promise<void> {
    await this.families.delete({ userId });
  }

  /** The client that has changed its factors goes on with a family that begins after. */
  private async endBefore(userId: string, at: number): Promise<void> {
    await this.families.delete({ userId, startedAt: LessThan(at) });
  }

  private get families() {
    return this.db.getRepository(refreshTokenTable);
  }
}
