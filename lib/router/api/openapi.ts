import { deliveredMethods, twoFactorMethods, type DeliveredMethod } from 'passport-two-factor';
import { contactInput, ref, schemas } from './openapi-schemas.js';

interface Operation {
  readonly summary: string;
  readonly body?: readonly string[];
  readonly answer: string;
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

const operations: Readonly<Record<string, Readonly<Partial<Record<'get' | 'post', Operation>>>>> = {
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
      summary: 'Send a code, or another one, for the pending login or for a step-up',
      body: ['ChallengeInput'],
      answer: 'ChallengeSent',
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

const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });

function failure(codes: readonly string[]): object {
  const base = ref('Error');
  return {
    description: codes.join(', '),
    ...json({ allOf: [base, { properties: { error: { properties: { code: { enum: codes } } } } }] }),
  };
}

function describe(path: string, verb: 'get' | 'post', { summary, body, answer, errors }: Operation): object {
  const id = `${verb} ${path.slice(1)}`.replace(/[ /-](\w)/g, (_all, letter: string) => letter.toUpperCase());
  const inputs = (body ?? []).map(ref);
  return {
    operationId: id,
    summary,
    ...(verb === 'post' && { security: [{ session: [], csrf: [] }, { bearer: [] }] }),
    ...(inputs.length > 0 && {
      requestBody: { required: true, ...json(inputs.length === 1 ? inputs[0] : { anyOf: inputs }) },
    }),
    responses: {
      200: { description: 'Done', ...json(ref(answer)) },
      ...Object.fromEntries(Object.entries(errors).map(([status, codes]) => [status, failure(codes)])),
    },
  };
}

/** A step-up of an app without passwords. */
const stepUpByCode: Operation = {
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

/** OpenAPI 3.1 of the JSON API as it is mounted. `passwords`: whether a step-up by the password is there. */
export function openApiDocument(url: string, { passwords = true }: { readonly passwords?: boolean } = {}): object {
  const served = passwords ? operations : { ...operations, '/step-up': { post: stepUpByCode } };
  const { Reauthentication: byPassword, ...others } = schemas;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Second factor',
      version: '1',
      description:
        'Every answer carries `Cache-Control: no-store`. A path asked by a method that it does not have answers ' +
        '405 with `Allow`.',
    },
    servers: [{ url }],
    paths: Object.fromEntries(
      Object.entries(served).map(([path, verbs]) => [
        path,
        Object.fromEntries(
          Object.entries(verbs).map(([verb, operation]) => [verb, describe(path, verb as 'get' | 'post', operation)]),
        ),
      ]),
    ),
    components: {
      schemas: { ...others, ...(passwords && { Reauthentication: byPassword }) },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'connect.sid',
          description: "The app's session cookie, whatever it is called.",
        },
        csrf: { type: 'apiKey', in: 'header', name: 'x-csrf-token', description: 'Told by GET status.' },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'For an app that authenticates by tokens, without cookies.',
        },
      },
    },
  };
}
