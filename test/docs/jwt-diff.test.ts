import jwt from 'jsonwebtoken';
import * as passportJwt from 'passport-jwt';
import passportModule from 'passport';
import express, { type Express } from 'express';
import request from 'supertest';
import { DataSource, EntitySchema } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateKey } from 'passport-two-factor';
import { currentTotp } from 'passport-two-factor/testing';
import { blocksIn } from './markdown.js';
import { run } from './running.js';

const diff = blocksIn('docs/jwt.md', '## What an app changes', 'diff')[0]!;
const ada = { email: 'ada@example.com', password: 'correct horse' };

const UserEntity = new EntitySchema<{ id: number }>({
  name: 'User',
  tableName: 'app_users',
  columns: { id: { type: 'int', primary: true } },
});

let app: Express;
let opened: DataSource[];
/** Whether the app still has its user. */
let isThere: boolean;

/** The app of the diff, as it is without the lines of the other sign. */
async function start(without: '+' | '-'): Promise<void> {
  const lines = diff.lines.filter((line) => !line.startsWith(without)).map((line) => line.slice(1));
  class Opened extends DataSource {
    constructor(given: { entities: EntitySchema[]; migrations: unknown[] }) {
      // The app's own tables are made by no migration here.
      super({
        ...given,
        type: 'better-sqlite3',
        database: ':memory:',
        migrations: given.migrations.filter((one) => typeof one !== 'string') as never,
      });
      opened.push(this);
    }
  }
  const user = { id: 1 };
  await run(
    { ...diff, lines },
    {
      app,
      passport: new passportModule.Passport(),
      DataSource: Opened,
      UserEntity,
      database: {},
      id: ({ id }: { id: number }) => String(id),
      find: (id: string) => Promise.resolve(isThere && id === '1' ? user : null),
      checkPassword: (email: unknown, password: unknown) =>
        Promise.resolve(email === ada.email && password === ada.password ? user : null),
    },
    { jsonwebtoken: jwt, 'passport-jwt': passportJwt },
  );
  app.get('/admin', (_req, res) => {
    res.json({ admin: true });
  });
}

beforeEach(() => {
  process.env.JWT_SECRET = 'of the test';
  process.env.TWO_FACTOR_KEYS = generateKey('k1');
  isThere = true;
  opened = [];
  app = express();
  app.use(express.json());
});
afterEach(async () => {
  delete process.env.TWO_FACTOR_KEYS;
  for (const db of opened) await db.destroy();
});

const post = (path: string, body: object, token?: string): request.Test => {
  const call = request(app).post(path).send(body);
  return token === undefined ? call : call.set('Authorization', `Bearer ${token}`);
};
const admin = (token: string): request.Test => request(app).get('/admin').set('Authorization', `Bearer ${token}`);

describe('the diff of docs/jwt.md', () => {
  it('is what the text says it is, in lines that are lines', () => {
    const added = diff.lines.filter((line) => /^\+./.test(line));
    expect(added).toHaveLength(12);
    expect(diff.lines.filter((line) => line.startsWith('-'))).toHaveLength(6);
    expect(Math.max(...added.map(({ length }) => length))).toBeLessThan(150);
  });

  it('before it a password alone opens everything', async () => {
    await start('+');
    await post('/login', { ...ada, password: 'wrong' }).expect(401);
    const { token } = (await post('/login', ada).expect(200)).body as { token: string };
    await admin(token).expect(200);
    await admin('x').expect(401);
  });

  it('after it: enroll, log in by both factors, and no other way in', async () => {
    await start('-');
    await post('/login', { ...ada, password: 'wrong' }).expect(401);
    const first = ((await post('/login', ada).expect(200)).body as { token: string }).token;
    expect((await admin(first).expect(403)).body).toMatchObject({ error: { code: 'ENROLLMENT_REQUIRED' } });
    const { secret } = (await post('/2fa/api/enroll/totp', {}, first)).body as { secret: string };
    const confirmed = await post('/2fa/api/confirm', { method: 'totp', code: currentTotp(secret) }, first);
    const enrolled = (confirmed.body as { tokens: string }).tokens;
    await admin(enrolled).expect(200);
    expect((await admin(first).expect(403)).body).toMatchObject({ error: { code: 'STEP_UP_REQUIRED' } });

    const halted = (await post('/login', ada).expect(202)).body as { challengeToken: string };
    expect(Object.keys(halted)).not.toContain('token');
    const { challengeToken } = halted;
    await admin(challengeToken).expect(401);
    await post('/2fa/api/verify', { challengeToken, code: '000000' }).expect(401);
    // The step of the enrollment is spent; the next one is good already.
    const code = currentTotp(secret, Date.now() + 30_000);
    const { tokens } = (await post('/2fa/api/verify', { challengeToken, code }).expect(200)).body as { tokens: string };
    await admin(tokens).expect(200);
    await post('/2fa/api/verify', { challengeToken, code }).expect(401);

    const [header, payload, signature] = tokens.split('.');
    await admin([header, payload, signature!.split('').reverse().join('')].join('.')).expect(401);
    isThere = false;
    expect((await admin(tokens).expect(401)).body).toMatchObject({ error: { code: 'NOT_LOGGED_IN' } });
  });
});
