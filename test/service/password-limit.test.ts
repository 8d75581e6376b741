import { afterEach, describe, expect, it } from 'vitest';
import type { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { newUser, open, refused } from './support.js';

describe.each(databases)('wrong passwords of a user who is logged in, on $name', (database) => {
  let test: TestApp;

  afterEach(() => test.close());

  async function start() {
    test = await open(database);
    const identity = test.service.identify({ id: Number(await newUser(test)) });
    return { identity, passwords: test.service.passwords };
  }

  it('are ten an hour and thirty a day', async () => {
    const { identity, passwords } = await start();
    for (let hour = 0; hour < 3; hour += 1) {
      for (let guess = 0; guess < 10; guess += 1) await passwords.reserve(identity);
      await refused(passwords.reserve(identity), 'TOO_MANY_ATTEMPTS', { retryAfter: hour === 2 ? 22 * 3600 : 3600 });
      test.clock.advance('1h');
    }
    await refused(passwords.reserve(identity), 'TOO_MANY_ATTEMPTS', { retryAfter: 21 * 3600 });
    test.clock.advance('21h');
    await passwords.reserve(identity);
  });

  it('are ten where fifty sessions guess at once', async () => {
    const { identity, passwords } = await start();
    const tries = await Promise.allSettled(Array.from({ length: 50 }, () => passwords.reserve(identity)));
    expect(tries.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(10);
    for (let guess = 0; guess < 10; guess += 1) await passwords.reserve(identity).catch(() => undefined);
    await refused(passwords.reserve(identity), 'TOO_MANY_ATTEMPTS');
  });

  it('are not counted where the password is right', async () => {
    const { identity, passwords } = await start();
    for (let guess = 0; guess < 9; guess += 1) await passwords.reserve(identity);
    for (let time = 0; time < 50; time += 1) {
      await passwords.reserve(identity);
      await passwords.release(identity);
    }
    await passwords.reserve(identity);
    await refused(passwords.reserve(identity), 'TOO_MANY_ATTEMPTS');
  });

  it("are no other user's", async () => {
    const { identity, passwords } = await start();
    for (let guess = 0; guess < 10; guess += 1) await passwords.reserve(identity);
    await passwords.reserve(test.service.identify({ id: Number(await newUser(test)) }));
  });
});
