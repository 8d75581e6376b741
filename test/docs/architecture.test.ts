import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { twoFactorEntities } from 'passport-two-factor';
import { TestApp } from '../support/app.js';
import { databases } from '../support/databases.js';
import { StatementLog } from '../support/statements.js';
import { codeIn, project, sectionOf, tableOf } from './markdown.js';

const file = 'ARCHITECTURE.md';

describe('ARCHITECTURE.md', () => {
  it('names the layers that the linter knows, in their order', () => {
    const documented = tableOf(sectionOf(file, '## Layers')).map(([layer]) => codeIn(layer!)[0]!.replace('/', ''));
    const { overrides } = createRequire(__filename)(join(project, '.eslintrc.cjs')) as {
      overrides: { files: string[] }[];
    };
    const linted = overrides.flatMap(({ files }) => files).flatMap((glob) => /^lib\/(\w+)\/\*\*/.exec(glob)?.[1] ?? []);
    const folders = readdirSync(join(project, 'lib'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(documented.filter((layer) => linted.includes(layer))).toEqual(
      linted.filter((layer) => documented.includes(layer)),
    );
    expect(folders).toEqual(expect.arrayContaining(documented.filter((layer) => layer !== 'errors.ts')));
  });

  it('says that no file imports itself over others', () => {
    const imports = new Map(
      readdirSync(join(project, 'lib'), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => {
          const file = join(project, 'lib', name);
          const from = [...readFileSync(file, 'utf8').matchAll(/ from '(\.[^']+)\.js'/g)];
          return [file, from.map(([, path]) => join(dirname(file), `${path!}.ts`))];
        }),
    );
    const reached = (file: string, seen = new Set<string>()): Set<string> => {
      for (const next of imports.get(file) ?? []) if (!seen.has(next)) reached(next, seen.add(next));
      return seen;
    };
    expect(imports.size).toBeGreaterThan(100);
    expect([...imports.keys()].filter((file) => reached(file).has(file))).toEqual([]);
  });

  it('names the tables that are there', () => {
    const documented = tableOf(sectionOf(file, '## Tables')).map(([table]) => codeIn(table!)[0]!);
    expect(documented.sort()).toEqual(
      twoFactorEntities()
        .map(({ options }) => options.tableName!)
        .sort(),
    );
  });
});

describe.each(databases)('the statements of ARCHITECTURE.md on $name', (database) => {
  it('are as many as it says', async () => {
    const log = new StatementLog();
    const test = await TestApp.open(database, { logger: log });
    const counts: number[] = [];
    const count = async (request: Promise<unknown>): Promise<void> => {
      log.reset();
      await request;
      counts.push(log.statements.filter((statement) => statement.includes('two_factor_')).length);
    };
    const { user, secret, backupCodes } = await test.withTotp(1);
    const agent = test.agent();

    await count(
      test
        .login(test.agent(), await test.user(2))
        .expect(200)
        .then(),
    );
    await count(test.login(agent, user).expect(202).then());
    await count(
      agent
        .post('/2fa')
        .send({ code: test.totp(secret) })
        .expect(200)
        .then(),
    );
    test.clock.advance('30s');
    await test.login(agent, user).expect(202);
    await count(
      agent
        .post('/verify-2fa')
        .send({ code: test.totp(secret) })
        .expect(200)
        .then(),
    );
    await test.login(agent, user).expect(202);
    await count(agent.post('/2fa').send({ code: backupCodes[0] }).expect(200).then());
    const other = test.agent();
    await test.login(other, user).expect(202);
    await count(
      other
        .post('/2fa')
        .send({ code: test.wrongTotp(secret) })
        .expect(401)
        .then(),
    );
    await count(agent.get('/admin').expect(200).then());
    await test.close();

    expect(counts).toEqual(tableOf(sectionOf(file, '## Statements')).map(([, statements]) => Number(statements)));
  });
});
