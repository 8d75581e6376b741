import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** Production: a secret that is kept, and the same in every process. */
@Injectable()
export class Settings {
  readonly tokenSecret = process.env.TOKEN_SECRET ?? randomBytes(32).toString('hex');
  readonly named = { issuer: 'myapp', audience: 'myapp-api' };
}
