import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import {
  Advance,
  Burst,
  Change,
  Confirm,
  Crash,
  Exhaust,
  LogIn,
  Resend,
  Verify,
  type ChangeName,
  type CodeChoice,
  type Method,
  type Step,
} from './commands.js';
import { begin, type Start } from './model.js';

/** More of them by hand: PROPERTY_RUNS=1000 npx vitest run test/properties/state-machine.test.ts */
const runs: Record<string, number> = { sqlite: 25, mariadb: 6, postgres: 6 };

const browser = fc.nat({ max: 2 });
const user = fc.nat({ max: 1 });
const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);

const logIn = fc
  .tuple(
    browser,
    user,
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('right' as const) },
      { weight: 1, arbitrary: fc.constant('wrong' as const) },
    ),
  )
  .map(([b, u, password]) => new LogIn(b, u, password));
const code = oneOf<[Method, CodeChoice]>(
  ['totp', 'good'],
  ['totp', 'good'],
  ['totp', 'wrong'],
  ['totp', 'wrong'],
  ['totp', 'used'],
  ['totp', 'earlier'],
  ['totp', 'later'],
  ['totp', "another user's"],
  ['backupCode', 'good'],
  ['backupCode', 'good'],
  ['backupCode', 'used'],
  ['backupCode', 'used'],
  ['backupCode', 'wrong'],
  ['backupCode', "another user's"],
  ['email', 'good'],
  ['email', 'wrong'],
  ['email', 'earlier'],
  ['email', "another user's"],
);
const verify = fc.tuple(browser, code).map(([b, [method, choice]]) => new Verify(b, method, choice));
const change = fc
  .tuple(browser, oneOf<ChangeName>('begin totp', 'add email', 'disable totp', 'disable email', 'new codes'))
  .map(([b, name]) => new Change(b, name));
const confirm = fc
  .tuple(browser, oneOf('right' as const, 'right' as const, 'wrong' as const))
  .map(([b, code]) => new Confirm(b, code));
const second = 1000;
const advance = oneOf(1, 10, 31, 61, 121, 301, 601, 3601).map((seconds) => new Advance(seconds * second));
// A crash while an enrollment begins is left out: the secret is lost with the answer, and nothing is enrolled by it.
const crashing: fc.Arbitrary<Step> = fc.oneof(
  logIn,
  verify,
  confirm,
  change.filter((step) => step.change !== 'begin totp'),
);
const crash = fc
  .tuple(crashing, fc.integer({ min: 1, max: 12 }), oneOf('before' as const, 'after' as const))
  .map(([step, nth, mode]) => new Crash(step, nth, mode));
const burst = fc.tuple(browser, fc.integer({ min: 1, max: 8 })).map(([b, wrong]) => new Burst(b, wrong));
const resend = browser.map((b) => new Resend(b));
const exhaust = browser.map((b) => new Exhaust(b));

// The same arbitrary several times is a greater weight.
const commands = fc.commands(
  [
    logIn,
    logIn,
    verify,
    verify,
    verify,
    verify,
    change,
    confirm,
    advance,
    advance,
    resend,
    burst,
    exhaust,
    crash,
    crash,
  ],
  { maxCommands: 40, size: 'max' },
);
const start = oneOf<Start>('nothing', 'totp', 'totp', 'email', 'both');
/** Two browsers begin with a login, so that a run does not spend itself on getting there. */
const opening = fc
  .tuple(user, user, oneOf<Method>('totp', 'email', 'backupCode'))
  .map(([first, second, method]) => [
    new LogIn(0, first, 'right'),
    new LogIn(1, second, 'right'),
    new Verify(0, method, 'good'),
  ]);

describe.each(databases)('whatever two users and three browsers do, in any order, on $name', (database) => {
  const numRuns = Number(process.env.PROPERTY_RUNS ?? runs[database.name]);
  let test: TestApp;

  beforeAll(async () => {
    test = await TestApp.open(database, {
      twoFactor: { backupCodesCount: 2 },
      service: { limits: { pendingLogins: 20 } },
    });
  });
  afterAll(() => test.close());

  it(
    'logs in after both factors of one user alone, takes no code twice, and evaluates no guess beyond the budget',
    async () => {
      const property = fc.asyncProperty(fc.tuple(start, start), opening, commands, async (starts, first, list) => {
        const model = await begin(test, starts);
        for (const step of first) if (step.check(model)) await step.run(model, test);
        await fc.asyncModelRun(() => ({ model, real: test }), list);
      });
      await fc.assert(property, { numRuns });
    },
    120_000 + numRuns * 10_000,
  );
});
