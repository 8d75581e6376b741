// Loaded before an example: says of every password that is hashed, so that a test can count them without a clock.
const crypto = require('node:crypto');

for (const name of ['scrypt', 'scryptSync']) {
  const original = crypto[name];
  crypto[name] = (...given) => {
    console.log('a password was hashed');
    return original(...given);
  };
}
require('node:module').syncBuiltinESMExports();
