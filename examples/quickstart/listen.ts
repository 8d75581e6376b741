import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

function readPort(): number {
  const { PORT: given = '3000' } = process.env;
  const port = Number(given);
  if (!/^\d+$/.test(given) || port > 65535)
    throw new Error(`PORT must be a number from 0 (any free port) to 65535; got "${given}".`);
  return port;
}

/** Serves on PORT, says where, and closes on Ctrl-C. */
export function listen(app: Express, close: () => Promise<unknown>): Promise<void> {
  const port = readPort();
  return new Promise((resolve, reject) => {
    // This machine only: the outbox shows everybody's codes.
    const server = app.listen(port, process.env.HOST ?? '127.0.0.1', (error?: Error & { code?: string }) => {
      if (error) {
        reject(
          error.code === 'EADDRINUSE'
            ? new Error(`Port ${port} is taken. Choose another one with PORT=${port + 1}, or PORT=0 for any.`)
            : error,
        );
        return;
      }
      console.log(`Open http://localhost:${(server.address() as AddressInfo).port}`);
      resolve();
    });
    const stop = (): void => {
      server.close(() => {
        void close().finally(() => process.exit());
      });
      server.closeAllConnections();
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}

/** Runs an example; what keeps it from starting is told in one line. */
export function run(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
}
