import { EntitySchema, Table, type MigrationInterface, type QueryRunner } from 'typeorm';
import { twoFactorEntities, twoFactorMigrations } from 'passport-two-factor';

export interface Account {
  id: number;
  email: string;
  /** `<salt>.<scrypt>` */
  password: string;
}

export const accountEntityName = 'DemoAccount';

/** The app's table beside those of the second factor, as options of a DataSource. The migrations run when it is opened. */
export function demoTables(prefix = '') {
  const tableName = `${prefix}users`;
  const account = new EntitySchema<Account>({
    name: accountEntityName,
    tableName,
    columns: {
      id: { type: 'int', primary: true, generated: true },
      email: { type: 'varchar', length: '191', unique: true },
      password: { type: 'varchar', length: '191' },
    },
  });
  class DemoUsers implements MigrationInterface {
    readonly name = 'DemoUsers1760000000000';

    async up(queryRunner: QueryRunner): Promise<void> {
      await queryRunner.createTable(
        new Table({
          name: tableName,
          columns: [
            { name: 'id', type: 'integer', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
            { name: 'email', type: 'varchar', length: '191', isUnique: true },
            { name: 'password', type: 'varchar', length: '191' },
          ],
        }),
      );
    }

    async down(queryRunner: QueryRunner): Promise<void> {
      await queryRunner.dropTable(tableName);
    }
  }
  const tablePrefix = `${prefix}two_factor_`;
  return {
    entities: [account, ...twoFactorEntities({ tablePrefix })],
    migrations: [DemoUsers, ...twoFactorMigrations({ tablePrefix })],
    migrationsTableName: `${prefix}migrations`,
    migrationsRun: true,
  };
}
