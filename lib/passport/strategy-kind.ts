import type { StrategyKind } from '../options.js';

type Members = Record<string, unknown>;

const isThere = (value: unknown): boolean => value !== undefined && value !== null && value !== '';
const isFunction = (value: unknown): boolean => typeof value === 'function';

/**
 * How a strategy proves who the user is, told by what it has, not by its class: an app may have a second copy of
 * passport-oauth2, and `instanceof` would then call its logins local. What is not recognized needs the second factor.
 *
 * `oauth` is a redirect of the browser to a provider, who may have asked for a second factor. A password that is traded
 * for a token by the app (a password grant), or a token that the client sends, is none.
 */
export function detectKind(strategy: object): StrategyKind {
  const members = strategy as Members;
  if (isThere(members._usernameField) && isThere(members._passwordField)) return 'local';
  if (redirectsToProvider(members)) return 'oauth';
  // passport-remember-me: reads a cookie and gives out the next one.
  if (isFunction(members._issue) && isThere(members._key)) return 'remembered';
  return 'unknown';
}

function redirectsToProvider(members: Members): boolean {
  // passport-oauth2 and all that extend it, passport-oauth1, passport-openidconnect.
  const client = [members._oauth2, members._oauth, members._issuer].some(isThere);
  if (client && (isThere(members._callbackURL) || isThere(members._userAuthorizationURL))) return true;
  // passport-saml and @node-saml/passport-saml; MultiSamlStrategy makes its SAML for each request.
  const options = (members._options ?? {}) as Members;
  if (isThere(members._saml) || isFunction(options.getSamlOptions)) return true;
  // openid-client 4 and 5, and 6.
  if (isThere(members._client) && isThere(members._issuer)) return true;
  if (isThere(members._config) && isFunction(members.authorizationRequestParams)) return true;
  // passport-azure-ad's OIDCStrategy.
  return isThere(options.identityMetadata) && isThere(options.redirectUrl);
}

/**
 * Whether a strategy authenticates a program, by the token or key of each request: there is nobody to ask for a code.
 */
export function readsTokens(strategy: object): boolean {
  const members = strategy as Members;
  if (isThere(members._usernameField)) return false;
  // passport-jwt, passport-headerapikey, passport-localapikey.
  if (isFunction(members._jwtFromRequest) || isThere(members.apiKeyHeader) || isThere(members._apiKeyHeader))
    return true;
  // passport-http and passport-http-bearer: Basic, Digest and Bearer challenge by the WWW-Authenticate header.
  if (isThere(members._realm) && isFunction(members._challenge)) return true;
  // passport-unique-token, in the old spelling too.
  if (
    [members.tokenHeader, members._tokenHeader].some(isThere) &&
    [members.tokenQuery, members._tokenQuery].some(isThere)
  )
    return true;
  // passport-azure-ad's BearerStrategy; passport-anonymous proves nothing and passes.
  return (
    isFunction(members.jwtVerify) ||
    (members.name === 'anonymous' && Object.keys(members).every((key) => key === 'name'))
  );
}

/** @internal */
export const strategyKinds: readonly StrategyKind[] = ['local', 'oauth', 'remembered', 'unknown'];

/** @internal @throws TypeError */
export function checkKind(where: string, kind: unknown): void {
  if (strategyKinds.some((known) => known === kind)) return;
  throw new TypeError(
    `${where}: kind must be one of "${strategyKinds.join('", "')}"; got ${typeof kind} ${JSON.stringify(kind)}`,
  );
}
