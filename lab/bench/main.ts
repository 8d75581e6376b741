// npm run bench: this library against better-auth's two-factor plugin on one MariaDB, and what the library costs by
// itself. Prints Markdown. Needs MariaDB and Redis on 127.0.0.1 (or MYSQL_URL, REDIS_URL) and, once,
// `npm ci --prefix lab/bench/better-auth`. ROUNDS=5 for steadier figures; MILLION=1 adds the million enrolled users.
import { cpus } from 'node:os';
import { generateKey } from 'passport-two-factor';
import { databaseUrl, mariadbUrl, servers } from '../../test/support/servers.js';
import { compare, type Place } from './compare.js';
import { million } from './million.js';
import { ownCost } from './own-cost.js';
import { compareTotp } from './totp.js';

async function main(): Promise<void> {
  const mariadb = servers.find(({ name }) => name === 'mariadb')!;
  const made: string[] = [];
  const place: Place = {
    redisUrl: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379',
    keys: generateKey('k1'),
    databaseUrl: async () => {
      const name = await mariadb.create();
      made.push(name);
      return databaseUrl(mariadbUrl, name);
    },
  };
  const only = process.env.ONLY?.split(',');
  const parts: [string, () => Promise<string[]> | string[]][] = [
    ['totp', compareTotp],
    ['database', () => compare('database', place)],
    ['redis', () => compare('redis', place)],
    ['own', () => ownCost(place)],
    ...(process.env.MILLION ? [['million', () => million(place)] as [string, () => Promise<string[]>]] : []),
  ];
  try {
    console.log(
      `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, MariaDB, servers and client on one machine.\n`,
    );
    for (const [name, part] of parts) {
      if (only === undefined || only.includes(name)) for (const line of await part()) console.log(line);
    }
  } finally {
    for (const name of made) await mariadb.drop(name);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
