import { createHash, randomBytes } from 'node:crypto';
import { EntitySchema, type DataSource } from 'typeorm';
import type { TwoFactorService } from 'passport-two-factor';
import { Keyring, sha256 } from '../../lib/core/keyring.js';
import { entityNames } from '../../lib/store/entities.js';

export interface BenchUser {
  id: number;
  email: string;
  password: string;
}

export const BenchUserSchema = new EntitySchema<BenchUser>({
  name: 'User',
  tableName: 'app_users',
  columns: {
    id: { type: 'int', primary: true },
    email: { type: 'varchar', length: '191', unique: true },
    password: { type: 'varchar', length: '191' },
  },
});

export const passwordHash = (password: string): string => createHash('sha256').update(password).digest('hex');

export interface Enrolled {
  readonly id: number;
  readonly email: string;
  readonly password: string;
  /** Base64 of the TOTP secret; absent for a user without a second factor. */
  readonly secret?: string;
}

/**
 * Writes the rows that enrolling would have written, without its ten scrypts a user: one user is enrolled by the
 * service, and the others' rows are copies of that one's under keys and secrets of their own.
 */
export async function enroll(
  db: DataSource,
  service: TwoFactorService,
  keys: string,
  users: readonly Enrolled[],
): Promise<void> {
  const keyring = new Keyring(keys);
  const write = async (entity: string, rows: object[]) => {
    for (let from = 0; from < rows.length; from += 500) {
      await db
        .createQueryBuilder()
        .insert()
        .into(entity)
        .values(rows.slice(from, from + 500))
        .updateEntity(false)
        .execute();
    }
  };
  await write(
    'User',
    users.map(({ id, email, password }) => ({ id, email, password: passwordHash(password) })),
  );
  const [first, ...others] = users.filter(({ secret }) => secret !== undefined);
  if (!first) return;
  const userKey = sha256(String(first.id));
  await service.setup.totp(String(first.id), false, { qr: 'svg' });
  const account = await db.getRepository(entityNames.account).findOneByOrFail({ userKey });
  const authenticator = await db.getRepository(entityNames.authenticator).findOneByOrFail({ userKey });
  const seal = (id: number, row: string, secret: string) =>
    keyring.seal('totp-secret', { userId: String(id), rowId: row }, Buffer.from(secret, 'base64'));
  await db
    .getRepository(entityNames.authenticator)
    .update({ id: authenticator.id as string }, { sealed: seal(first.id, authenticator.id as string, first.secret!) });
  const rows = others.map((user) => {
    const own = { userKey: sha256(String(user.id)), userId: String(user.id) };
    const id = randomBytes(16).toString('hex');
    const backupSetId = randomBytes(16).toString('hex');
    return {
      account: { ...account, ...own, backupSetId, factors: JSON.stringify({ [id]: true }) },
      authenticator: { ...authenticator, ...own, id, sealed: seal(user.id, id, user.secret!) },
      codes: Array.from({ length: 10 }, () => ({
        setId: backupSetId,
        tag: randomBytes(32).toString('hex'),
        userKey: own.userKey,
        usedAt: 0,
      })),
    };
  });
  await write(
    entityNames.account,
    rows.map((row) => row.account),
  );
  await write(
    entityNames.authenticator,
    rows.map((row) => row.authenticator),
  );
  await write(
    entityNames.backupCode,
    rows.flatMap(({ codes }) => codes),
  );
}
