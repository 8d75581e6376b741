// The tests, by how long a person has: `node test/run.mjs quick|rest|all`. On two cores that do nothing else.
import { spawnSync } from 'node:child_process';

const kinds = {
  quick: {
    says: 'About 4 minutes. Left out: browsers, examples, compilers and the package (npm run test:all); MariaDB and PostgreSQL where nothing can race.',
    runs: [{ projects: ['unit', 'racing', 'alone', 'papers', 'main'], databases: 'sqlite' }],
  },
  rest: {
    says: 'About 10 minutes: what npm test leaves out.',
    runs: [{ projects: ['main'], databases: 'mariadb,postgres' }, { projects: ['whole'] }],
  },
  all: {
    says: 'About 13 minutes: everything, on every database that answers.',
    runs: [{ projects: ['unit', 'racing', 'alone', 'papers', 'main', 'whole'] }],
  },
};

const kind = kinds[process.argv[2] ?? 'quick'];
if (!kind) throw new Error(`There is no run of that name; there are ${Object.keys(kinds).join(', ')}.`);
console.log(`\n${kind.says}\n`);
for (const { projects, databases } of kind.runs) {
  const env = { ...process.env, ...(databases && { TEST_DATABASES: databases }) };
  const args = ['run', ...projects.flatMap((project) => ['--project', project]), ...process.argv.slice(3)];
  const { status } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
    stdio: 'inherit',
    env,
  });
  if (status !== 0) process.exit(status ?? 1);
}
