import type { Logger } from 'typeorm';

/** A TypeORM logger that keeps every statement, so that a test can count them or look for what must not be there. */
export class StatementLog implements Logger {
  readonly statements: string[] = [];
  /** Everything that TypeORM would have logged: statements with their parameters, errors, messages. */
  readonly lines: string[] = [];

  get count(): number {
    return this.statements.length;
  }

  reset(): void {
    this.statements.length = 0;
    this.lines.length = 0;
  }

  logQuery(query: string, parameters?: unknown): void {
    this.statements.push(query);
    this.write(query, parameters);
  }

  logQueryError(error: string | Error, query: string, parameters?: unknown): void {
    this.write(String(error), query, parameters);
  }

  logQuerySlow(time: number, query: string, parameters?: unknown): void {
    this.write(time, query, parameters);
  }

  logSchemaBuild(message: string): void {
    this.write(message);
  }

  logMigration(message: string): void {
    this.write(message);
  }

  log(_level: 'log' | 'info' | 'warn', message: unknown): void {
    this.write(message);
  }

  private write(...parts: unknown[]): void {
    this.lines.push(parts.map((part) => (typeof part === 'string' ? part : JSON.stringify(part))).join(' '));
  }
}
