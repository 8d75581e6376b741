import type { DataSource } from 'typeorm';
import { entityNames } from './entities.js';
import { counts, readFactors } from './factors.js';
import { countOf, RowReader } from './row-reader.js';
import type { TwoFactorAccount, TwoFactorAuthenticator, TwoFactorChallenge } from './rows.js';
import { Statement, type Values } from './statement.js';

/** What one SELECT tells about a user: all that a decision needs, of one moment. */
export interface Snapshot {
  readonly account: TwoFactorAccount | undefined;
  /** Those that count, oldest first. */
  readonly authenticators: readonly TwoFactorAuthenticator[];
  /** Rows that do not count: being added now, left behind by a request that was cut off, or removed. */
  readonly inert: readonly TwoFactorAuthenticator[];
  /** Oldest first; those that were asked for. */
  readonly challenges: readonly TwoFactorChallenge[];
  /** 0 for a user without a factor: the codes stand in for one. */
  readonly unusedBackupCodes: number;
  /**
   * The account's, or that of a factor of version 0.1 which has not reached the account: its INSERT alone ends
   * standings.
   */
  readonly securityEpoch: number;
}

/** Which challenges of the user to read along; `mechanism` 0 for logins and step-ups. */
export interface ChallengeFilter {
  readonly purpose: TwoFactorChallenge['purpose'];
  readonly mechanism: number;
}

/** A user whose id is known without the database. */
export interface KnownUser {
  readonly id: string;
  readonly key: string;
}

type Shape = 'of-user' | 'of-user-with-challenges';

/** Per shape of the SELECT: its values, and which challenges of the user it joins. */
const shapes: Record<Shape, { names: readonly string[]; joined?: string }> = {
  'of-user': { names: ['userKey'] },
  'of-user-with-challenges': {
    names: ['userKey', 'purpose', 'mechanism'],
    joined: 'challenge.user_key = :userKey AND challenge.purpose = :purpose AND challenge.mechanism = :mechanism',
  },
};

export class SnapshotStore {
  private readonly account: RowReader<TwoFactorAccount>;
  private readonly authenticator: RowReader<TwoFactorAuthenticator>;
  private readonly challenge: RowReader<TwoFactorChallenge>;
  private readonly statements: Record<Shape, Statement>;

  constructor(private readonly db: DataSource) {
    this.account = new RowReader(db, entityNames.account, 'account');
    this.authenticator = new RowReader(db, entityNames.authenticator, 'authenticator');
    this.challenge = new RowReader(db, entityNames.challenge, 'challenge');
    this.statements = {
      'of-user': this.build('of-user'),
      'of-user-with-challenges': this.build('of-user-with-challenges'),
    };
  }

  /** The user's account and authenticators, and the challenges of one purpose where asked for. */
  async ofUser({ key: userKey, id }: KnownUser, filter?: ChallengeFilter): Promise<Snapshot> {
    const snapshot = filter
      ? await this.load('of-user-with-challenges', { userKey, purpose: filter.purpose, mechanism: filter.mechanism })
      : await this.load('of-user', { userKey });
    return ofUserWithId(snapshot, id);
  }

  /** The same with the rows of pending logins. */
  withLogins(user: KnownUser): Promise<Snapshot> {
    return this.ofUser(user, { purpose: 'login', mechanism: 0 });
  }

  private build(shape: Shape): Statement {
    const { names, joined } = shapes[shape];
    return new Statement(this.db, names, (values) => {
      const query = this.db.createQueryBuilder().select([]);
      // Joined to a constant row: an authenticator whose account is missing must be seen, not hidden by an inner join.
      query.from('(SELECT 1 AS present)', 'origin');
      if (joined !== undefined) query.leftJoin(entityNames.challenge, 'challenge', joined);
      query.leftJoin(entityNames.account, 'account', 'account.user_key = :userKey');
      query.leftJoin(entityNames.authenticator, 'authenticator', 'authenticator.user_key = :userKey');
      const columns = [this.account, this.authenticator, ...(shape === 'of-user' ? [] : [this.challenge])].flatMap(
        ({ select }) => select,
      );
      for (const [column, alias] of columns) query.addSelect(column, alias);
      query.addSelect(
        (sub) =>
          sub
            .select('COUNT(*)')
            .from(entityNames.backupCode, 'code')
            .where("code.set_id = account.backup_set_id AND account.backup_set_id <> '' AND code.used_at = 0"),
        'unused_codes',
      );
      return query.setParameters(values);
    });
  }

  private async load(shape: Shape, values: Values): Promise<Snapshot> {
    const rows = await this.statements[shape].rows(values);
    const [first] = rows;
    // The constant row is always there.
    if (!first) throw new Error('The database answered no row where there is always one.');
    const account = this.account.read(first);
    const all = distinct(rows.map((row) => this.authenticator.read(row)));
    // Also for rows that would not count: while a user is being forgotten, nobody is let in without a factor.
    if (!account && all.length > 0) throw new Error('The account of a user with a second factor is missing.');
    const factors = account ? readFactors(account) : {};
    const authenticators = all.filter((row) => counts(factors, row));
    return {
      account,
      authenticators: authenticators.sort((a, b) => a.verifiedAt - b.verifiedAt || (a.id < b.id ? -1 : 1)),
      inert: all.filter((row) => !counts(factors, row)),
      challenges: distinct(shape === 'of-user' ? [] : rows.map((row) => this.challenge.read(row))).sort(
        (a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1),
      ),
      unusedBackupCodes: authenticators.length > 0 ? countOf(first, 'unused_codes') : 0,
      securityEpoch: Math.max(account?.securityEpoch ?? 0, ...authenticators.map(({ securityEpoch }) => securityEpoch)),
    };
  }
}

/**
 * Secrets are bound to the user's id. What a charset that does not know its letters makes of the column, `?` for
 * each, opens none of them and would lock the user out: the id is the one that the caller knows.
 */
function ofUserWithId(snapshot: Snapshot, userId: string): Snapshot {
  const { account, authenticators, challenges } = snapshot;
  return {
    ...snapshot,
    account: account && { ...account, userId },
    authenticators: authenticators.map((authenticator) => ({ ...authenticator, userId })),
    challenges: challenges.map((challenge) => ({ ...challenge, userId })),
  };
}

function distinct<T extends { id: string }>(rows: readonly (T | undefined)[]): T[] {
  const byId = new Map<string, T>();
  for (const row of rows) if (row) byId.set(row.id, row);
  return [...byId.values()];
}
