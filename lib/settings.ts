import type { Passkeys } from './core/passkeys.js';
import { z } from 'zod';
import {
  blockError,
  checkedClock,
  day,
  duration,
  fn,
  hour,
  integer,
  minute,
  namesIn,
  second,
  yesNo,
} from './core/option-fields.js';
import { checkOptions, unknownOption } from './core/options.js';
import { deliveredMethods, type DeliveredMechanism, type DeliveredMethod } from './core/methods.js';
import type { AttemptLimits, SendLimits } from './core/throttle.js';
import type { CheckedUsers, Enforce, RequireForOAuth, Send, TwoFactorOptions, UserAdapter } from './options.js';

/** One for each method whose codes are sent. */
const senders = Object.fromEntries(
  deliveredMethods.map((method) => [method, fn<Send>('(message) => Promise').optional()]),
) as Record<DeliveredMethod, z.ZodOptional<z.ZodCustom<Send, Send>>>;

const requireForOAuth = z.custom<RequireForOAuth>(
  (value) =>
    typeof value === 'boolean' ||
    typeof value === 'function' ||
    (Array.isArray(value) && value.every((name) => typeof name === 'string' && name !== '')),
  { error: 'must be true, false, a list of strategy names, or a function of the login' },
);

const enforce = z.custom<Enforce>(
  (value) => {
    if (typeof value === 'boolean' || typeof value === 'function') return true;
    const after = (value as { after?: unknown } | null)?.after;
    return after instanceof Date && !Number.isNaN(after.getTime());
  },
  { error: 'must be true, false, a function of the user, or { after: new Date("2027-01-01") }' },
);

const schema = z.strictObject(
  {
    // What these two must be is said where they are used.
    db: z.unknown().optional(),
    keys: z.unknown().optional(),
    users: z.strictObject(
      {
        id: fn<UserAdapter['id']>('(user) => string'),
        email: fn<NonNullable<UserAdapter['email']>>('(user) => string | undefined').optional(),
        label: fn<NonNullable<UserAdapter['label']>>('(user) => string | undefined').optional(),
        find: fn<NonNullable<UserAdapter['find']>>(
          '(id) => user | null, such as (id) => users.findOneBy({ id })',
        ).optional(),
        hasPassword: fn<NonNullable<UserAdapter['hasPassword']>>('(user) => true or false').optional(),
      },
      blockError('must be an object with the functions id and find'),
    ),
    twoFactor: z.strictObject(
      {
        enabled: yesNo(true),
        issuer: z
          .string({ error: 'must be the name of your app' })
          .regex(/^[^:\p{Cc}]{1,64}$/u, { error: 'must be the name of your app: 1 to 64 characters without ":"' }),
        codeLength: integer(6, 6, 10),
        tokenExpiry: duration('5m', 10 * second, 10 * minute),
        totpWindow: integer(1, 0, 2),
        backupCodesCount: integer(10, 1, 32),
        requireForOAuth: requireForOAuth.default(false),
        enforce: enforce.default(false),
      },
      blockError('must be an object such as { issuer: "MyApp" }'),
    ),
    deliver: z
      .strictObject(
        senders,
        blockError(`must be an object: { ${deliveredMethods.map((method) => `${method}?`).join(', ')} }`),
      )
      .default({}),
    clock: fn<() => number>('() => epoch milliseconds').default(() => () => Date.now()),
    passkeys: z
      .custom<Passkeys>((value) => typeof (value as Partial<Passkeys> | null)?.readAssertion === 'function', {
        error: 'must be what passkeys({ rpId, rpName, origins }) of "passport-two-factor/webauthn" answers',
      })
      .optional(),
    rememberFor: duration('30d', minute, 366 * day),
    loginExpiry: duration('10m', minute, 15 * minute),
    challengeOn: z.enum(['login', 'request'], { error: 'must be "login" or "request"' }).default('login'),
    recentAuthentication: z.union([z.literal(false), duration('5m', minute, hour)]),
    deliverTimeout: duration('10s', 10, minute),
    allowDestination: fn<NonNullable<TwoFactorOptions['allowDestination']>>('(contact, mechanism) => boolean').default(
      () => () => true,
    ),
    keepInSession: z
      .array(z.string().min(1), { error: 'must be a list of session keys' })
      .refine((keys) => !keys.some((key) => ['cookie', 'passport', 'twoFactor', '__proto__'].includes(key)), {
        error: 'must not name "cookie", "passport" or "twoFactor": they are the login itself',
      })
      .default(['returnTo']),
    limits: z
      .strictObject(
        {
          attempts: integer(5, 3, 10),
          backoff: duration('30s', 10 * second, hour),
          maxBackoff: duration('1h', minute, day),
          suspendAfter: integer(100, 10, 100),
          suspensionWindow: duration('30d', day, 90 * day),
          sendsPerHour: integer(5, 1, 20),
          sendsPerDay: integer(10, 1, 50),
          pendingLogins: integer(5, 1, 20),
          factors: integer(20, 1, 50),
        },
        blockError('must be an object'),
      )
      .refine(({ backoff, maxBackoff }) => backoff <= maxBackoff, {
        error: 'must have a backoff that is no longer than maxBackoff',
      })
      .prefault({}),
  },
  blockError('must be an object: { db, keys, users, twoFactor: { issuer } }'),
);

/** The options with every default filled in, durations in milliseconds. */
export interface Settings {
  readonly users: CheckedUsers;
  readonly enabled: boolean;
  readonly issuer: string;
  readonly codeLength: number;
  readonly tokenExpiry: number;
  readonly totpWindow: number;
  readonly backupCodesCount: number;
  readonly requireForOAuth: RequireForOAuth;
  readonly enforce: Enforce;
  readonly deliver: Readonly<Partial<Record<DeliveredMethod, Send | undefined>>>;
  readonly clock: () => number;
  readonly passkeys: Passkeys | undefined;
  readonly rememberFor: number;
  readonly loginExpiry: number;
  readonly challengeOn: 'login' | 'request';
  readonly recentAuthentication: number | false;
  readonly deliverTimeout: number;
  readonly allowDestination: (contact: string, mechanism: DeliveredMechanism) => boolean | Promise<boolean>;
  readonly keepInSession: readonly string[];
  readonly attemptLimits: AttemptLimits;
  readonly sendLimits: SendLimits;
  readonly pendingLogins: number;
  readonly factorLimit: number;
}

/** @throws TypeError that names the option, what it must be and what it is */
export function readOptions(options: unknown): Settings {
  const result = schema.safeParse(options);
  if (!result.success) throw new TypeError(explain(result.error, options));
  const { twoFactor, limits, users, deliver, ...rest } = result.data;
  if (typeof twoFactor.enforce === 'object') checkOptions('twoFactor.enforce', twoFactor.enforce, ['after']);
  return Object.freeze({
    ...twoFactor,
    users: users as CheckedUsers,
    deliver,
    clock: checkedClock(rest.clock),
    passkeys: rest.passkeys,
    rememberFor: rest.rememberFor,
    loginExpiry: rest.loginExpiry,
    challengeOn: rest.challengeOn,
    recentAuthentication: rest.recentAuthentication,
    deliverTimeout: rest.deliverTimeout,
    allowDestination: rest.allowDestination,
    keepInSession: rest.keepInSession,
    attemptLimits: limits,
    sendLimits: { perHour: limits.sendsPerHour, perDay: limits.sendsPerDay },
    pendingLogins: limits.pendingLogins,
    factorLimit: limits.factors,
  });
}

function explain(error: z.ZodError, options: unknown): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'The options are not valid.';
  const path = issue.path.map(String);
  const name = path.join('.') || 'TwoFactorService options';
  if (issue.code === 'unrecognized_keys')
    return `${name}: ${unknownOption(issue.keys[0] ?? '', namesIn(schema, path))}`;
  const message =
    issue.code === 'invalid_union' ? 'must be false or a duration from 1m to 1h, such as "5m"' : issue.message;
  const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], options);
  const shown = ['string', 'number', 'boolean'].includes(typeof value)
    ? `${typeof value} ${JSON.stringify(value)}`
    : value === null
      ? 'null'
      : typeof value;
  return `${name} ${message}; got ${shown}`;
}
