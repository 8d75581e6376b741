import type { CodeMessage } from 'passport-two-factor';
import { redisPrefix, type Redis } from './redis.js';

const key = `${redisPrefix}outbox`;
const kept = 50;

/** Stands in for an e-mail service. It is in Redis, since whoever opens /outbox is seldom answered by the worker that sent the code. */
export class SharedOutbox {
  constructor(private readonly redis: Redis) {}

  async send({ to, code, issuer }: CodeMessage): Promise<void> {
    const message = JSON.stringify({ to, text: `Your ${issuer} code is ${code}.` });
    await this.redis
      .multi()
      .lPush(key, message)
      .lTrim(key, 0, kept - 1)
      .exec();
  }

  async messages(): Promise<unknown[]> {
    return (await this.redis.lRange(key, 0, -1)).map((message) => JSON.parse(message) as unknown);
  }
}
