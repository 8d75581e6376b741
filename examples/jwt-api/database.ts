import { demoTables } from '../quickstart/database.js';
import { CreateRefreshTokens, refreshTokenTable } from './refresh-tokens.js';

/** The tables of accounts, second factors and refresh tokens, as options of a DataSource. */
export function tables() {
  const { entities, migrations, ...options } = demoTables();
  return {
    ...options,
    entities: [...entities, refreshTokenTable],
    migrations: [...migrations, CreateRefreshTokens],
  };
}
