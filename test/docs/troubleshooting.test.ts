import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as library from 'passport-two-factor';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { codeIn, blocksIn, read } from './markdown.js';
import { mistakesOn } from './mistakes.js';
import { GuideApp } from './running.js';

const text = read('docs/troubleshooting.md');
const database = databases.find(({ name }) => name === 'sqlite')!;

let test: TestApp;
let mistakes: ReturnType<typeof mistakesOn>;

beforeAll(async () => {
  test = await TestApp.open(database);
  mistakes = mistakesOn(database, test);
});
afterAll(() => test.close());

describe('docs/troubleshooting.md', () => {
  const documented = [...text.matchAll(/^```text\n(.*)\n```$/gm)].map(([, message]) => message!);

  it('has a section for the code of every error, and for no other', () => {
    const classes = Object.entries(library).filter(([name]) => name.endsWith('Error') && name !== 'TwoFactorError');
    const details = { methods: {}, availableMethods: {}, expiresAt: 0 };
    const codes = classes.map(
      ([, Class]) => new (Class as unknown as new (given: object) => { code: string })(details).code,
    );
    // Those of the router's own, which no class of the library has.
    const api = read('lib/router/api/api-errors.ts');
    const router = [...api.matchAll(/code: '([A-Z_]+)'/g)].map(([, code]) => code!);
    expect(router).toContain('INVALID_CSRF_TOKEN');
    const headings = [...text.matchAll(/^### (.*)$/gm)].flatMap(([, heading]) => codeIn(heading!));
    expect(headings.sort()).toEqual([...new Set([...codes, ...router])].sort());
  });

  it.each(documented)('quotes the library: %s', async (message) => {
    const [, mistake] = Object.entries(mistakes).find(([start]) => message.startsWith(start)) ?? [];
    expect((await mistake!()).message).toBe(message);
  });

  it('has a wrapper that hands rejections to the error handlers', async () => {
    const guide = await GuideApp.open();
    await guide.run(blocksIn('docs/troubleshooting.md', '## A request that is never answered')[0]);
    guide.errors();
    const { body } = await guide.agent().post('/account/2fa').expect(401);
    expect(body).toMatchObject({ error: { code: 'NOT_LOGGED_IN' } });
    await guide.close();
  });

  it('explains every mistake that is made here', () => {
    expect(Object.keys(mistakes).filter((start) => !documented.some((message) => message.startsWith(start)))).toEqual(
      [],
    );
  });
});
