import {
  passportKey,
  sessionId,
  unfitSession,
  userOf,
  type Session,
  type SessionRequest,
} from '../standing/session.js';

const said = new Set<string>();

/** Said once a process, for whoever sets the app up: nothing is refused by it. */
function sayOnce(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  process.emitWarning(text, { code: 'PASSPORT_TWO_FACTOR_SETUP' });
}

const sessionIn = (req: SessionRequest): Session | undefined =>
  (req.session as Session | null | undefined) ?? undefined;

/** At the first request: no login with a second factor will be kept in such a session. */
export function hintOfSession(req: SessionRequest): void {
  const session = sessionIn(req);
  if (session && sessionId(session) === undefined) sayOnce(unfitSession().message);
}

/** When somebody asks who is logged in: the session knows, and Passport was not asked to look. */
export function hintOfPassport(req: SessionRequest): void {
  const stored = sessionIn(req)?.[passportKey(req)] as { user?: unknown } | undefined;
  if (stored?.user === undefined || userOf(req) !== undefined || req._sessionManager !== undefined) return;
  sayOnce(
    'Somebody is logged in to this session, and req.user is not there: mount app.use(passport.session()) before ' +
      'twoFactorAuth, twoFactorRouter and the guards.',
  );
}
