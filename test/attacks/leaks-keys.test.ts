import { Writable } from 'node:stream';
import { Console } from 'node:console';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { SecondFactorStrategy, TwoFactorStrategy } from 'passport-two-factor';
import { databases } from '../support/databases.js';
import { openApp } from './support.js';

/** As serializers do that can write an object in a circle. */
function circularSafe(value: unknown): string {
  const seen = new Set<unknown>();
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return String(part);
    if (typeof part !== 'object' || part === null) return part;
    if (seen.has(part)) return undefined;
    seen.add(part);
    return part;
  });
}

/** As loggers do that copy what has a name, enumerable or not. */
function ownNames(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return inspect(value);
  if (depth === 0) return '';
  return Reflect.ownKeys(value)
    .map((key) => `${String(key)}: ${ownNames((value as Record<PropertyKey, unknown>)[key], depth - 1)}`)
    .join('\n');
}

function directory(value: unknown): string {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  new Console(stream).dir(value, { depth: 5, showHidden: true });
  return text;
}

it('59: a service, a strategy and req.auth that are logged whole show no key', async () => {
  let auth: unknown;
  const test = await openApp(databases[0]!, {
    routes: (app) =>
      app.get('/auth', (req, res) => {
        auth = req.auth;
        res.end();
      }),
  });
  // Sub-keys exist once something was sealed and compared.
  const { user, secret } = await test.withTotp(1);
  await test.service.verify.totp(String(user.id), test.totp(secret)).catch(() => undefined);
  await test.agent().get('/auth').expect(200);
  const master = test.keys.split(',').map((key) => Buffer.from(key.split(':')[1]!, 'base64'));
  const spellings = master.flatMap((key) => [
    key.toString('base64').slice(0, 40),
    key.toString('hex'),
    key.toString('hex').replace(/../g, '$& ').slice(0, 60),
    key.join(','),
  ]);
  const strategy = new TwoFactorStrategy({ service: test.service }, { name: 'mine', authenticate: () => undefined });
  for (const value of [test.service, strategy, new SecondFactorStrategy({ service: test.service }), auth]) {
    expect(value).toBeTypeOf('object');
    const texts = [
      inspect(value, { depth: 3, showHidden: true }),
      inspect(value, { depth: 6, showHidden: true, getters: true }),
      directory(value),
      circularSafe(value),
      ownNames(value, 6),
    ];
    for (const text of texts) {
      for (const spelling of spellings) expect(text).not.toContain(spelling);
      expect(text).not.toMatch(/<Buffer [0-9a-f]{2}( [0-9a-f]{2}){31}>/);
    }
    expect(texts[0]).not.toContain(test.keys);
  }
  await test.close();
});
