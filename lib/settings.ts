import ms from 'ms';
import { z } from 'zod';
import { checkOptions, unknownOption } from './core/options.js';
import { deliveredMethods, type DeliveredMechanism, type DeliveredMethod } from './core/methods.js';
import type { AttemptLimits, SendLimits } from './core/throttle.js';
import type { Enforce, KeptLogin, RequireForOAuth, Send, TwoFactorOptions, UserAdapter } from './options.js';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Undefined for what is no duration; `ms` throws for the empty text and for one of over a hundred characters. */
export function milliseconds(text: string): number | undefined {
  return text.length > 0 && text.length <= 100 ? ms(text as ms.StringValue) : undefined;
}

function duration(fallback: string, min: number, max: number) {
  const error = `must be a duration from ${ms(min)} to ${ms(max)}, such as "${fallback}"`;
  return z
    .unknown()
    .optional()
    .transform((value = fallback, context): number => {
      const parsed: unknown = typeof value === 'string' ? milliseconds(value) : value;
      if (typeof parsed === 'number' && parsed >= min && parsed <= max) return parsed;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    });
}

function integer(fallback: number, min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error }).default(fallback);
}

const fn = <T>(what: string) =>
  z.custom<T>((value) => typeof value === 'function', { error: `must be a function ${what}` });
/** One for each method whose codes are sent. */
const senders = Object.fromEntries(
  deliveredMethods.map((method) => [method, fn<Send>('(message) => Promise').optional()]),
) as Record<DeliveredMethod, z.ZodOptional<z.ZodCustom<Send, Send>>>;
const yesNo = (fallback: boolean) => z.boolean({ error: 'must be true or false' }).default(fallback);

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

const blockError = (message: string) => ({
  error: (issue: { code: string }) => (issue.code === 'unrecognized_keys' ? undefined : message),
});

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

/** `users`, as the library calls it: what the app answers is checked before it is believed. */
export interface CheckedUsers {
  id(user: Express.User): unknown;
  email?(user: Express.User): unknown;
  label?(user: Express.User): unknown;
  find?(id: string, login: KeptLogin): unknown;
}

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

/** Every comparison with NaN is false, and some of them would let in: a clock that stops telling the time denies. */
function checkedClock(clock: () => number): () => number {
  return () => {
    const now = Math.floor(clock());
    if (!Number.isSafeInteger(now) || now < 0)
      throw new TypeError('clock must return epoch milliseconds, such as Date.now()');
    return now;
  };
}

/** The names of the options in the block at this path. */
function namesIn(path: readonly string[]): string[] {
  let at: unknown = schema;
  for (const key of path) at = blockOf(at).shape[key];
  return Object.keys(blockOf(at).shape);
}

/** The block itself, without its default. */
function blockOf(at: unknown): z.ZodObject {
  if (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional)
    return blockOf(at.unwrap());
  return at as z.ZodObject;
}

function explain(error: z.ZodError, options: unknown): string {
  const [issue] = error.issues;
  if (issue === undefined) return 'The options are not valid.';
  const path = issue.path.map(String);
  const name = path.join('.') || 'TwoFactorService options';
  if (issue.code === 'unrecognized_keys') return `${name}: ${unknownOption(issue.keys[0] ?? '', namesIn(path))}`;
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
