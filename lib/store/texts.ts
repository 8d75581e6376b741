import type { DataSource } from 'typeorm';
import { InvalidInputError } from '../errors.js';
import { exact, isMysql, pathOf } from './adopt.js';
import { entityNames } from './entities.js';

/** The tables with columns that hold what people write. */
const written = [entityNames.account, entityNames.authenticator, entityNames.challenge];

/** Letters of one to four bytes: what keeps these keeps every text. */
const everyWidth = 'é ユーザー 😀';

/**
 * Whether MySQL and MariaDB keep a text as it is. In a table of another charset than utf8mb4, or over a connection of
 * another one, a strict server refuses it when half of the work is done, and one that is not strict writes `?` for
 * each letter. The migrations make the tables utf8mb4. TypeORM's `synchronize` cannot: where the app has it on, they
 * are mended here, when it first matters.
 */
export class Texts {
  private everything = false;

  constructor(private readonly db: DataSource) {}

  /**
   * Costs nothing for ASCII, nor for any text once the tables were found to keep every letter.
   * @throws InvalidInputError where the tables would not keep the text: before anything is written or used up
   */
  async check(field: string, text: string): Promise<void> {
    if (this.everything || !isMysql(this.db) || !/[^\0-\x7f]/.test(text)) return;
    let charsets = await this.charsets();
    if (this.db.options.synchronize === true && charsets.some((charset) => charset !== 'utf8mb4')) {
      await this.widen();
      charsets = await this.charsets();
    }
    this.everything = await this.keep(charsets, everyWidth);
    if (this.everything || (await this.keep(charsets, text))) return;
    throw new InvalidInputError(
      field,
      'of letters that the charset of the tables has; run the migrations of twoFactorMigrations(), which make it ' +
        'utf8mb4',
    );
  }

  /** Of the columns that hold what people write. */
  private async charsets(): Promise<string[]> {
    const tables = written.map((entity) => this.db.getMetadata(entity).tableName);
    const rows: { charset: string }[] = await this.db.query(
      'SELECT DISTINCT character_set_name AS charset FROM information_schema.columns WHERE table_schema = DATABASE() ' +
        `AND table_name IN (?, ?, ?) AND column_name IN ('user_id', 'label', 'strategy')`,
      tables,
    );
    return rows.map(({ charset }) => charset);
  }

  /** Whether the text comes back unchanged from every one of the charsets, through the connection that the app has. */
  private async keep(charsets: readonly string[], text: string): Promise<boolean> {
    for (const charset of charsets) {
      if (!/^\w+$/.test(charset)) return false;
      const sql = `SELECT CONVERT(CONVERT(? USING ${charset}) USING utf8mb4) AS kept`;
      const [row]: { kept: unknown }[] = await this.db.query(sql, [text]);
      if (row?.kept !== text) return false;
    }
    return charsets.length > 0;
  }

  private async widen(): Promise<void> {
    for (const name of Object.values(entityNames)) {
      const metadata = this.db.getMetadata(name);
      const columns = metadata.columns
        .filter(({ type }) => type === 'varchar' || type === 'text')
        .map((column) => {
          const type = column.type === 'text' ? 'text' : `varchar(${column.length})`;
          const value = this.db.driver.normalizeDefault(column);
          const rest = value === undefined ? 'NOT NULL' : `NOT NULL DEFAULT ${value}`;
          return `MODIFY ${this.db.driver.escape(column.databaseName)} ${type} ${exact} ${rest}`;
        });
      const table = pathOf(this.db, { name: metadata.tablePath });
      await this.db.query(`ALTER TABLE ${table} DEFAULT ${exact}, ${columns.join(', ')}`);
    }
  }
}
