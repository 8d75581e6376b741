import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateRefreshTokens implements MigrationInterface {
  readonly name = 'CreateRefreshTokens1760000000001';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'refresh_tokens',
        columns: [
          { name: 'family', type: 'varchar', length: '36', isPrimary: true },
          { name: 'digest', type: 'varchar', length: '64' },
          { name: 'userId', type: 'integer' },
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
