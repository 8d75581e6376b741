import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

const slow = crypto.scrypt;

type Options = crypto.ScryptOptions;
type Done = Parameters<typeof crypto.scrypt>[4];

/** Most of the tests' time goes into the hashes of backup codes. Only those of test/core look at what they cost. */
const quick = (
  password: crypto.BinaryLike,
  salt: crypto.BinaryLike,
  length: number,
  _options: Options,
  done: Done,
): void => {
  slow(password, salt, length, { N: 2, r: 1, p: 1 }, done);
};

// Once in a worker, whose files share it.
if (slow.name !== 'quick') {
  crypto.scrypt = quick as typeof crypto.scrypt;
  syncBuiltinESMExports();
}
