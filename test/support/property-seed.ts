import { randomInt } from 'node:crypto';
import fc from 'fast-check';

/**
 * In CI every run tries the same examples: one that fails was broken by the change, not found by luck. Elsewhere each
 * run tries new ones. A failure prints its seed; PROPERTY_SEED=<seed> runs it again.
 */
const given = process.env.PROPERTY_SEED;
const seed = given !== undefined ? Number(given) : process.env.CI ? 20_261_127 : randomInt(2 ** 31);
if (!Number.isSafeInteger(seed)) throw new Error('PROPERTY_SEED must be a whole number');

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
