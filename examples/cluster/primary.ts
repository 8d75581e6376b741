import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readKeys } from '../quickstart/keys.js';
import { openRedis } from './redis.js';
import { host, openDatabase, readPort, readProcesses } from './settings.js';
import { Workers } from './workers.js';

/** PORT, or a free one. Chosen before there are workers, so that one that is replaced comes back to the same. */
async function choosePort(): Promise<number> {
  const wanted = readPort();
  const server = createServer().listen(wanted, host);
  await once(server, 'listening').catch((error: unknown) => {
    const taken = (error as Error & { code?: string }).code === 'EADDRINUSE';
    throw taken
      ? new Error(`Port ${wanted} is taken. Choose another one with PORT=${wanted + 1}, or PORT=0 for any.`)
      : error;
  });
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Production: one that is kept, so that a restart leaves everybody logged in. */
function readSessionSecret(): string {
  const { SESSION_SECRET: given = '' } = process.env;
  return given === '' ? randomBytes(32).toString('hex') : given;
}

/** Prepares what the workers share, and keeps them running. */
export async function runPrimary(): Promise<void> {
  const processes = readProcesses();
  const port = await choosePort();
  // Once, and before anybody serves: of two processes that migrate at the same time one would find the tables half made.
  const db = await openDatabase({ migrate: true });
  await db.destroy();
  const redis = await openRedis();
  await redis.close();

  const workers = new Workers({
    PORT: String(port),
    // What one worker sealed, and the session cookie that it signed, must be good with all the others.
    TWO_FACTOR_KEYS: readKeys(join(__dirname, 'demo.keys')),
    SESSION_SECRET: readSessionSecret(),
  });
  const stop = (): void => {
    void workers.stop().then(() => process.exit());
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await workers.start(processes);
  console.log(`Open http://localhost:${port}`);
}
