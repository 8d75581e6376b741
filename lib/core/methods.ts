/** The mechanisms that a user enrolls. Backup codes are no mechanism of their own: they stand in for any of these. */
export enum TwoFactorMechanism {
  /** An authenticator app: RFC 6238 with SHA-1, 6 digits, 30 seconds. */
  TOTP = 1,
  /** A code sent by e-mail. */
  EMAIL = 2,
  /** A code sent by text message. */
  SMS = 3,
  /** A passkey or security key (WebAuthn). */
  PASSKEY = 4,
}

/** How the contact of a method is asked for. */
export interface ContactTraits {
  /** What requests call it. */
  readonly field: string;
  /** The kind of field of a form. */
  readonly input: 'email' | 'tel';
  /** Whether an account may have one of its own, which need not be given. */
  readonly isOptional: boolean;
}

/** What is to be known of a method without using it. */
export interface MethodTraits {
  /** Its number; absent for backup codes. */
  readonly mechanism?: TwoFactorMechanism;
  /** What `availableMethods`, `methods` and `verify` call it. */
  readonly key: string;
  /** Where a code, or a signature, comes from. */
  readonly channel: 'app' | 'device' | 'email' | 'phone' | 'paper';
  /** Of one whose code is sent: where to. */
  readonly contact?: ContactTraits;
  /** The Authentication Method Reference: RFC 8176 where it has one, else this package's own. */
  readonly amr: string;
  /** Whether a response that was given to another site is worth nothing here (NIST SP 800-63B-4 §3.2.5). */
  readonly isPhishingResistant?: true;
  /** Whether a response to it is an object, and not a text. */
  readonly isStructured?: true;
  /** The assurance level (NIST SP 800-63B-4) that it lifts a login to. E-mail lifts none: §3.1.3.1. */
  readonly aal: 1 | 2;
}

/**
 * The methods, in the order in which they are listed. Whatever names methods (types, options, the router's API, its
 * pages and their texts) derives from this table; what each of them does stands in its file of `lib/factors`.
 */
const table = {
  totp: { mechanism: TwoFactorMechanism.TOTP, key: 'totp', channel: 'app', amr: 'otp', aal: 2 },
  email: {
    mechanism: TwoFactorMechanism.EMAIL,
    key: 'email',
    channel: 'email',
    contact: { field: 'address', input: 'email', isOptional: true },
    amr: 'email',
    aal: 1,
  },
  sms: {
    mechanism: TwoFactorMechanism.SMS,
    key: 'sms',
    channel: 'phone',
    contact: { field: 'phone', input: 'tel', isOptional: false },
    amr: 'sms',
    aal: 2,
  },
  passkey: {
    mechanism: TwoFactorMechanism.PASSKEY,
    key: 'passkey',
    channel: 'device',
    amr: 'hwk',
    aal: 2,
    isPhishingResistant: true,
    isStructured: true,
  },
  backup_code: { key: 'backupCode', channel: 'paper', amr: 'backup_code', aal: 2 },
} as const satisfies Record<string, MethodTraits>;

/** What is to be known of every method, by its name: `MethodTraits`. */
export type MethodTable = typeof table;

/** The methods that there are: what they are called, and what they are worth. */
export const twoFactorMethods: MethodTable = table;

/** How a method is named in a request's body, in events and in what a login stands for. */
export type MethodName = keyof MethodTable;

/** A method that a user sets up. */
export type EnrollableMethod = {
  [M in MethodName]: MethodTable[M] extends { mechanism: unknown } ? M : never;
}[MethodName];

/** A method whose code is sent to the user. */
export type DeliveredMethod = {
  [M in MethodName]: MethodTable[M] extends { contact: unknown } ? M : never;
}[MethodName];

/** What a request answers a method with: a code, or for a passkey the browser's JSON. */
export type ResponseTo<M extends MethodName> =
  MethodTable[M] extends Required<Pick<MethodTraits, 'isStructured'>> ? object : string;

/** The mechanisms whose code is sent to the user. */
export type DeliveredMechanism = MethodTable[DeliveredMethod]['mechanism'];

/** What `methods`, `availableMethods` and `verify` call a method. */
export type MethodKey<M extends MethodName = MethodName> = MethodTable[M]['key'];

/** What `methods`, `availableMethods` and `verify` call a method: `'backupCode'` for `'backup_code'`. */
export const keyOf = <M extends MethodName>(method: M): MethodKey<M> => twoFactorMethods[method].key;

/** @internal */
export const mechanismOf = <M extends EnrollableMethod>(method: M): MethodTable[M]['mechanism'] =>
  twoFactorMethods[method].mechanism;

/** @internal Whether a user sets it up. */
export const isEnrollable = (method: MethodName): method is EnrollableMethod => 'mechanism' in twoFactorMethods[method];

/** Whether its code is sent to the user. */
export const isDelivered = (method: MethodName): method is DeliveredMethod => 'contact' in twoFactorMethods[method];

const names = Object.keys(twoFactorMethods) as MethodName[];

/** All methods, in the order in which they are listed. */
export const everyMethod: readonly MethodName[] = names;

/** Those that a user sets up. */
export const enrollableMethods: readonly EnrollableMethod[] = names.filter(isEnrollable);

/** Those whose code is sent to the user. */
export const deliveredMethods: readonly DeliveredMethod[] = names.filter(isDelivered);

/**
 * The method of a mechanism, as `list()` names it.
 * @throws Error for a number that is none: a row of a later version, say
 */
export function methodOf(mechanism: number): EnrollableMethod {
  const numberOf = (name: EnrollableMethod): number => mechanismOf(name);
  const method = enrollableMethods.find((name) => numberOf(name) === mechanism);
  if (method === undefined) throw new Error(`There is no method of the mechanism ${mechanism}.`);
  return method;
}

/** A function for each of these methods, by its key. */
export type ByMethod<M extends MethodName, F> = { readonly [N in M as MethodKey<N>]: F };

/** @internal */
export const byMethod = <M extends MethodName, F>(methods: readonly M[], make: (method: M) => F): ByMethod<M, F> =>
  Object.fromEntries(methods.map((method) => [keyOf(method), make(method)])) as ByMethod<M, F>;

/** A function for each of these methods, by its key, that takes a response to it last. */
export type Answering<M extends MethodName, Before extends unknown[], Answer> = {
  readonly [N in M as MethodKey<N>]: (...given: [...Before, response: ResponseTo<N>]) => Promise<Answer>;
};

/** The same for setting up contacts: one that an account has of its own need not be given. */
export type ByContact<Before extends unknown[], Answer> = {
  readonly [M in DeliveredMethod as MethodKey<M>]: (
    ...given: MethodTable[M]['contact']['isOptional'] extends true
      ? [...Before, contact?: string, requireVerification?: boolean]
      : [...Before, contact: string, requireVerification?: boolean]
  ) => Promise<Answer>;
};
