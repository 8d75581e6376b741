import { Table, type MigrationInterface, type QueryRunner } from 'typeorm';

export class CreateUsers implements MigrationInterface {
  readonly name = 'CreateUsers1760000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({
        name: 'users',
        columns: [
          { name: 'id', type: 'integer', isPrimary: true, isGenerated: true, generationStrategy: 'increment' },
          { name: 'email', type: 'varchar', length: '191', isUnique: true },
          { name: 'password', type: 'varchar', length: '191' },
        ],
      }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('users');
  }
}
