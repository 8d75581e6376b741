import { methodNames, TwoFactorMechanism, type MethodName } from '../core/mechanism.js';
import { defaultTotpParameters } from '../core/totp.js';
import type { Context } from './context.js';
import { readLiveCodes } from './delivery.js';
import type { Subject } from './subject.js';

/** With how many codes of one authenticator app a guess is compared. */
export const stepsOf = ({ settings }: Context): number => 2 * settings.totpWindow + 1;

/**
 * With how many codes a wrong one was compared, over every method asked for: what the guess had as chances. Else each
 * further factor of a user would give whoever guesses another chance for the same price.
 */
export function comparisons(context: Context, { snapshot, challenge }: Subject, { methods, code }: Asked): number {
  const codes = challenge ? readLiveCodes(challenge) : {};
  const asked = snapshot.authenticators.filter(({ mechanism }) => methods.includes(methodNames[mechanism]));
  const counts = asked.map(({ id, mechanism }) => {
    if (mechanism === TwoFactorMechanism.TOTP)
      return code.length === defaultTotpParameters.digits ? stepsOf(context) : 0;
    return code.length === context.settings.codeLength && codes[methodNames[mechanism]]?.authenticator === id ? 1 : 0;
  });
  return counts.reduce((total, count) => total + count, 0);
}

interface Asked {
  readonly methods: readonly MethodName[];
  readonly code: string;
}
