// npm run test:galera: the library on three MariaDB servers that replicate to each other (Galera). By hand, not with the
// other tests: it needs the Debian packages mariadb-server, galera-4 and rsync, Redis, and some minutes.
//
//   ONLY=races,bursts npm run test:galera
//
// LOSSES=20 for more lost nodes, SETUP=spread1 for one kind of traffic, KEEP=1 leaves the servers' folders and logs in place.
// Real: the servers, their replication, their SIGKILL. Simulated: the network between them, which is loopback, and the clock.
import { Galera } from './nodes.js';
import { cost } from './cost.js';
import { losses } from './losses.js';
import { races } from './races.js';
import { bursts } from './bursts.js';
import { stale } from './stale.js';
import { traffic } from './traffic.js';

const parts: Record<string, (galera: Galera) => Promise<string[]>> = { races, bursts, stale, losses, traffic, cost };

async function main(): Promise<void> {
  const only = process.env.ONLY?.split(',') ?? Object.keys(parts);
  const galera = await Galera.start();
  try {
    const [version] = await galera.nodes[0]!.query('SELECT VERSION() AS version');
    console.log(
      `MariaDB ${String(version?.version)}, Galera ${await galera.nodes[0]!.status('wsrep_provider_version')}, Node ${process.version}`,
    );
    for (const name of only) {
      const began = Date.now();
      for (const line of await parts[name]!(galera)) console.log(`${name}: ${line}`);
      console.log(`${name}: held (${((Date.now() - began) / 1000).toFixed(0)} s)`);
    }
  } finally {
    await galera.stop();
  }
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
