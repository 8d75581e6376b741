import type { DataSource, EntityMetadata } from 'typeorm';
import { columnName, entityNames } from './entities.js';

/** The table's name as the migrations make it: `entityPrefix` of the DataSource before what the entity gives. */
function expectedTable(db: DataSource, { givenTableName = '' }: EntityMetadata): string {
  const { entityPrefix = '' } = db.options;
  return entityPrefix === '' ? givenTableName : db.namingStrategy.prefixTableName(entityPrefix, givenTableName);
}

/**
 * Checks that the tables and columns have the names that the migrations and the conditions of our statements write.
 * @throws TypeError that names the naming strategy and what it has renamed
 */
export function checkNames(db: DataSource): void {
  const refuse = (what: string, given: string, made: string): never => {
    throw new TypeError(
      `The namingStrategy of db (${db.namingStrategy.constructor.name}) renames the ${what} ${given} of the ` +
        'second factor ' +
        `to ${made}. Let it keep a name that is given: tableName(target, given) { return given ?? … } and ` +
        'columnName(property, given) { return given ?? … }. A prefix is the tablePrefix of twoFactorEntities() and ' +
        'twoFactorMigrations(), or the entityPrefix of the DataSource.',
    );
  };
  for (const name of Object.values(entityNames)) {
    const metadata = db.getMetadata(name);
    const table = expectedTable(db, metadata);
    if (metadata.tableName !== table) refuse('table', table, metadata.tableName);
    for (const { propertyName, databaseName } of metadata.columns) {
      const column = columnName(propertyName);
      if (databaseName !== column) refuse('column', `${table}.${column}`, databaseName);
    }
  }
}
