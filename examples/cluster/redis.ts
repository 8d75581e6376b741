import { createClient } from 'redis';
import { unusable } from './settings.js';

export type Redis = ReturnType<typeof createClient>;

/** Begins the name of everything that is kept in Redis. */
export const redisPrefix = process.env.REDIS_PREFIX ?? 'myapp:';

/** Gives up at once where Redis does not answer. Later it is waited for, and requests that need it fail meanwhile. */
export async function openRedis(): Promise<Redis> {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  let opened = false;
  const redis = createClient({
    url,
    disableOfflineQueue: true,
    socket: { reconnectStrategy: (retries) => opened && Math.min(retries * 100, 2000) },
  });
  // Without a listener the loss of the connection would end the process.
  redis.on('error', ({ message }: Error) => {
    if (opened) console.error(`Redis: ${message}`);
  });
  try {
    await redis.connect();
  } catch (error) {
    throw unusable('Redis', error, 'REDIS_URL=redis://:password@host:6379');
  }
  opened = true;
  return redis;
}
