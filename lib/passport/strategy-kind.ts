import type { StrategyKind } from '../options.js';

/**
 * How a strategy proves who the user is, told by what it has, not by its class: an app may have a second copy of
 * passport-oauth2, and `instanceof` would then call its logins local. What is not recognised needs the second factor.
 */
export function detectKind(strategy: object): StrategyKind {
  const has = (member: string): boolean => {
    const value = (strategy as Record<string, unknown>)[member];
    return value !== undefined && value !== null;
  };
  if (has('_oauth2') || has('_oauth') || has('_saml')) return 'oauth';
  if (has('_usernameField') && has('_passwordField')) return 'local';
  return 'unknown';
}
