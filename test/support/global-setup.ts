import type { TestProject } from 'vitest/node';
import { isStale, servers, type DatabaseName, type Server } from './servers.js';

declare module 'vitest' {
  interface ProvidedContext {
    databases: DatabaseName[];
  }
}

/**
 * Finds the databases that answer. TEST_DATABASES names those of the project `main`, whose tests prove the same on each of
 * them (default: all). A developer may lack one and is told so; in CI a missing one is an error.
 */
export default async function setup(project: TestProject): Promise<void> {
  const wanted = project.name === 'main' ? process.env.TEST_DATABASES?.split(',') : undefined;
  const asked = servers.filter(({ name }) => wanted?.includes(name) ?? true);
  const answering = await Promise.all(asked.map(async (server) => ((await answers(server)) ? server : undefined)));
  const found = answering.filter((server) => server !== undefined);
  await Promise.all(found.map(dropStale));
  project.provide(
    'databases',
    found.map((server) => server.name),
  );
}

async function answers(server: Server): Promise<boolean> {
  try {
    await server.ping();
    return true;
  } catch (cause) {
    const line = `${server.name} does not answer at ${server.at}`;
    if (process.env.CI) throw new Error(`${line}; with CI set, every database must be there.`, { cause });
    console.warn(`\n${line} (${reason(cause)}): the tests run without it.\n`);
    return false;
  }
}

/** A refused connection has an empty message where several addresses were tried. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message === '' ? String((cause as NodeJS.ErrnoException).code) : cause.message;
}

async function dropStale(server: Server): Promise<void> {
  const now = Date.now();
  for (const name of await server.list()) {
    if (isStale(name, now)) await server.drop(name);
  }
}
