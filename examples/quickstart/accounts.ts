import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { DataSource, Repository } from 'typeorm';
import { accountEntityName, type Account } from './database.js';

function hash(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, 32, { N: 2 ** 14, r: 8, p: 5 }, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('base64url')}.${(await hash(password, salt)).toString('base64url')}`;
}

async function matches(password: string, stored: string): Promise<boolean> {
  const [salt = '', expected = ''] = stored.split('.').map((part) => Buffer.from(part, 'base64url'));
  const given = await hash(password, Buffer.from(salt));
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected));
}

const badPassword = 'Choose a password of 8 characters at least.';

const isPassword = (given: unknown): given is string =>
  typeof given === 'string' && given.length >= 8 && given.length <= 200;

/** The app's own users: this is the part that an app has before it adds a second factor. */
export class Accounts {
  private readonly rows: Repository<Account>;
  private readonly nobody = hashPassword(randomBytes(16).toString('hex'));

  constructor(db: DataSource) {
    this.rows = db.getRepository<Account>(accountEntityName);
  }

  find(id: number): Promise<Account | null> {
    return this.rows.findOneBy({ id });
  }

  /** Undefined for a wrong address or password; the two take the same time. */
  async authenticate(email: unknown, password: unknown): Promise<Account | undefined> {
    if (typeof email !== 'string' || typeof password !== 'string') return undefined;
    const account = await this.rows.findOneBy({ email: email.trim().toLowerCase() });
    const right = await matches(password, account?.password ?? (await this.nobody));
    return right ? (account ?? undefined) : undefined;
  }

  /** The new account, or what is wrong with the request. */
  async create(email: unknown, password: unknown): Promise<Account | string> {
    if (typeof email !== 'string' || email.length > 191 || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim())) {
      return 'Enter an e-mail address.';
    }
    if (!isPassword(password)) return badPassword;
    const account = { email: email.trim().toLowerCase(), password: await hashPassword(password) };
    try {
      await this.rows.insert(account);
    } catch (error) {
      // Only the unique key knows for sure, when two people sign up at once.
      if (await this.rows.existsBy({ email: account.email })) return 'There is an account with this address already.';
      throw error;
    }
    return this.rows.findOneByOrFail({ email: account.email });
  }

  /** What is wrong with the new password; undefined once it is there. */
  async changePassword(id: number, password: unknown): Promise<string | undefined> {
    if (!isPassword(password)) return badPassword;
    await this.rows.update({ id }, { password: await hashPassword(password) });
    return undefined;
  }
}
