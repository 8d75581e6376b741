import { deliveredMethods, twoFactorMethods, type DeliveredMethod } from 'passport-two-factor';
import { contactInput } from './openapi-schemas.js';

export interface Operation {
  readonly summary: string;
  readonly body?: readonly string[];
  readonly answer: string | readonly string[];
  /** The errors' codes by their status. */
  readonly errors: Readonly<Record<number, readonly string[]>>;
}

const unreadable = { 413: ['INVALID_INPUT'] };
/** What any POST of a user who is logged in may meet. */
const posted = { 400: ['INVALID_INPUT'], 401: ['NOT_LOGGED_IN'], 403: ['INVALID_CSRF_TOKEN'], ...unreadable };
const changed = { ...posted, 403: ['INVALID_CSRF_TOKEN', 'STEP_UP_REQUIRED'] };

const enrollContact = (method: DeliveredMethod): Operation => ({
  summary:
    `Send a code to ${twoFactorMethods[method].contact.input === 'tel' ? 'a number' : 'an address'} that ` +
    'is to be set up',
  body: [contactInput(method)],
  answer: 'ContactSetup',
  errors: { ...changed, 409: ['ALREADY_ENABLED'], 429: ['TOO_MANY_ATTEMPTS'], 502: ['DELIVERY_FAILED'] },
});

type Operations = Readonly<Record<string, Readonly<Partial<Record<'get' | 'post', Operation>>>>>;

const passkeyOptions: Operation = {
  summary: 'Begin a login by a passkey alone',
  answer: 'PasskeyOptions',
  errors: unreadable,
};

/** Those of a service with passkeys. */
export const passkeyOperations: Operations = {
  '/enroll/passkey': {
    post: {
      summary: 'Begin to set up a passkey: what the browser makes it of',
      body: ['PasskeyInput'],
      answer: 'PasskeyOptions',
      errors: { ...changed, 404: ['NOT_SETUP'] },
    },
  },
  '/passkeys': {
    get: {
      summary: 'The passkeys that count, for the browser to forget others',
      answer: 'AcceptedPasskeys',
      errors: { 401: ['NOT_LOGGED_IN'] },
    },
  },
  '/passkey/options': { post: passkeyOptions },
  '/passkey': {
    post: {
      summary: 'Log in by a passkey alone',
      body: ['PasskeyAnswer'],
      answer: 'Verified',
      errors: {
        400: ['INVALID_INPUT'],
        401: ['CHALLENGE_EXPIRED', 'INVALID_CODE'],
        429: ['TOO_MANY_ATTEMPTS'],
        ...unreadable,
      },
    },
  },
};

/** What there is, by path and verb. */
export const operations: Operations = {
  '/status': {
    get: { summary: 'Who is asking, what is enrolled, and the CSRF token', answer: 'Status', errors: {} },
  },
  '/verify': {
    post: {
      summary: 'Finish the pending login by a code of any method',
      body: ['Verification'],
      answer: 'Verified',
      errors: {
        400: ['INVALID_INPUT'],
        401: ['CHALLENGE_EXPIRED', 'INVALID_CODE', 'INVALID_BACKUP_CODE'],
        403: ['INVALID_CSRF_TOKEN'],
        404: ['NOT_SETUP'],
        429: ['TOO_MANY_ATTEMPTS'],
        ...unreadable,
      },
    },
  },
  '/challenge': {
    post: {
      summary:
        'Send a code, or another one, for the pending login or for a step-up; or what the browser uses a passkey by',
      body: ['ChallengeInput'],
      answer: ['ChallengeSent', 'PasskeyOptions'],
      errors: {
        ...posted,
        401: ['NOT_LOGGED_IN', 'CHALLENGE_EXPIRED'],
        404: ['NOT_SETUP'],
        429: ['TOO_MANY_ATTEMPTS'],
        502: ['DELIVERY_FAILED'],
      },
    },
  },
  '/step-up': {
    post: {
      summary: 'Confirm again that it is you: by a code, or without a second factor by the password',
      body: ['Verification', 'Reauthentication'],
      answer: 'Verified',
      errors: {
        ...posted,
        401: ['NOT_LOGGED_IN', 'INVALID_CODE', 'INVALID_BACKUP_CODE', 'INVALID_CREDENTIALS'],
        403: ['INVALID_CSRF_TOKEN', 'STEP_UP_REQUIRED'],
        404: ['NOT_SETUP'],
        429: ['TOO_MANY_ATTEMPTS'],
      },
    },
  },
  '/enroll/totp': {
    post: {
      summary: 'Begin to set up an authenticator app',
      body: ['Enrollable'],
      answer: 'TotpSetup',
      errors: { ...changed, 409: ['ALREADY_ENABLED'] },
    },
  },
  ...Object.fromEntries(deliveredMethods.map((method) => [`/enroll/${method}`, { post: enrollContact(method) }])),
  '/confirm': {
    post: {
      summary: 'Finish a set-up by the code that it showed or sent',
      body: ['Confirmation'],
      answer: 'Confirmed',
      errors: { ...posted, 401: ['NOT_LOGGED_IN', 'INVALID_CODE'], 404: ['NOT_SETUP'], 429: ['TOO_MANY_ATTEMPTS'] },
    },
  },
  '/rename': {
    post: {
      summary: 'Name an authenticator',
      body: ['Renaming'],
      answer: 'Success',
      errors: { ...posted, 404: ['NOT_SETUP'], 409: ['ALREADY_ENABLED'] },
    },
  },
  '/remove': {
    post: {
      summary: 'Remove an authenticator',
      body: ['Removal'],
      answer: 'Success',
      errors: { ...changed, 404: ['NOT_SETUP'] },
    },
  },
  '/backup-codes': {
    get: { summary: 'How many backup codes are left', answer: 'Remaining', errors: { 401: ['NOT_LOGGED_IN'] } },
    post: {
      summary: 'Make new backup codes; the old ones are dead at once',
      answer: 'BackupCodes',
      errors: { ...changed, 404: ['NOT_SETUP'] },
    },
  },
};

/** The same for a client that may keep the login in place of a session. */
export const passkeyOptionsByToken: Operation = { ...passkeyOptions, body: ['PasskeyLogin'] };

/** A step-up of an app without passwords. */
export const stepUpByCode: Operation = {
  summary: 'Confirm again that it is you, by a code',
  body: ['Verification'],
  answer: 'Verified',
  errors: {
    ...posted,
    401: ['NOT_LOGGED_IN', 'INVALID_CODE', 'INVALID_BACKUP_CODE'],
    404: ['NOT_SETUP'],
    429: ['TOO_MANY_ATTEMPTS'],
  },
};
