import type request from 'supertest';
import type { TestApp } from '../support/app.js';

/** Whose row, as the database has it: the counters that an attempt is charged to. */
export async function counters(test: TestApp, userId: number): Promise<Record<string, unknown>> {
  const row = await test.db
    .createQueryBuilder()
    .select([
      'account.version AS version',
      'account.failures AS failures',
      'account.window_failures AS window_failures',
    ])
    .from('TwoFactorAccount', 'account')
    .where('account.user_id = :id', { id: String(userId) })
    .getRawOne<Record<string, unknown>>();
  if (!row) throw new Error('The user has no account.');
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, Number(value)]));
}

/** Rows of a table of the library, of one user or of all. */
export async function rows(test: TestApp, entity: string, userId?: number): Promise<Record<string, unknown>[]> {
  const query = test.db.createQueryBuilder().select('row').from(entity, 'row');
  if (userId !== undefined) query.where('row.user_id = :id', { id: String(userId) });
  return query.getMany();
}

/** The messages that an app was asked to send, by a `deliver` of its own. */
export interface Mailbox {
  readonly messages: { readonly to: string; readonly code: string; readonly purpose: string }[];
  readonly deliver: {
    email(message: Mailbox['messages'][number]): void;
    sms(message: Mailbox['messages'][number]): void;
  };
}

export function mailbox(): Mailbox {
  const messages: Mailbox['messages'] = [];
  const keep = (message: Mailbox['messages'][number]): void => {
    messages.push(message);
  };
  return { messages, deliver: { email: keep, sms: keep } };
}

/** What an answer tells a stranger: all of it, save what differs between any two answers. */
export function face({ status, headers, text }: request.Response): unknown {
  const same = Object.entries(headers as Record<string, unknown>).filter(
    ([name]) => !['date', 'etag', 'set-cookie'].includes(name),
  );
  return { status, text, headers: Object.fromEntries(same) };
}
