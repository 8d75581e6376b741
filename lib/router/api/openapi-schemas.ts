import {
  deliveredMethods,
  enrollableMethods,
  everyMethod,
  isDelivered,
  keyOf,
  twoFactorMethods,
  type DeliveredMethod,
} from 'passport-two-factor';

type Schema = Readonly<Record<string, unknown>>;

export const text: Schema = { type: 'string' };
const list = (items: Schema): Schema => ({ type: 'array', items });
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** An object with exactly these members; those whose name ends in "?" may be absent. */
export function object(members: Readonly<Record<string, Schema>>): Schema {
  const names = Object.keys(members);
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(members).map(([name, schema]) => [name.replace('?', ''), schema])),
    required: names.filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  };
}

const time: Schema = { type: 'integer', description: 'Epoch milliseconds.' };
const oneOf = (names: readonly string[]): Schema => ({ type: 'string', enum: names });
const finishedBy = Object.fromEntries(
  everyMethod.map((name) => [`${keyOf(name)}?`, isDelivered(name) ? text : { const: true }]),
);

/** What setting up a contact is called in the document: `EmailInput`. */
export const contactInput = (method: DeliveredMethod): string => `${method[0]?.toUpperCase()}${method.slice(1)}Input`;

function contactField(method: DeliveredMethod): Schema {
  const { field, input, isOptional } = twoFactorMethods[method].contact;
  const description = input === 'tel' ? 'With the country code.' : 'Default: the address of the account.';
  return object({ [isOptional ? `${field}?` : field]: { type: 'string', description } });
}
const csrf: Schema = { type: 'string', description: 'To be sent as `x-csrf-token` with every POST of this session.' };
const codes: Schema = {
  ...list({ type: 'string', pattern: '^[0-9A-HJKMNP-TV-Z]{13}$' }),
  description: 'Shown this once; each is good once.',
};
const code: Schema = { type: 'string', maxLength: 64, description: 'Spaces and dashes do not matter.' };
const passkeyAnswer: Schema = { type: 'object', description: 'What the browser answered to the options, as JSON.' };
const returnTo: Schema = { type: 'string', description: 'A path on this site.' };

export const schemas: Readonly<Record<string, Schema>> = {
  Error: object({
    error: object({ code: text, message: text, 'retryAfter?': { type: 'integer', description: 'Seconds.' } }),
  }),
  Methods: {
    ...object(finishedBy),
    description: 'What the login can be finished by; contacts are masked.',
  },
  Authenticator: object({
    id: text,
    method: oneOf(enrollableMethods),
    label: text,
    'maskedContact?': text,
    'synced?': { type: 'boolean', description: 'Of a passkey: whether it may be synced over several devices.' },
    createdAt: time,
    lastUsedAt: { ...time, description: 'Epoch milliseconds, 0 before the first use.' },
  }),
  Status: {
    oneOf: [
      object({ state: { const: 'anonymous' } }),
      object({ state: { const: 'pending' }, methods: ref('Methods'), expiresAt: time, csrfToken: csrf }),
      object({
        state: { const: 'authenticated' },
        authenticators: list(ref('Authenticator')),
        backupCodes: { type: 'integer', description: 'How many are left.' },
        recent: { type: 'boolean', description: 'Whether factors may be changed now; false asks for a step-up first.' },
        enrollable: list(oneOf(enrollableMethods)),
        'csrfToken?': csrf,
      }),
    ],
  },
  Enrollable: object({
    'label?': { type: 'string', minLength: 1, maxLength: 64, description: 'Tells several apps apart.' },
  }),
  TotpSetup: object({
    secret: { type: 'string', pattern: '^[A-Z2-7]+$' },
    uri: { type: 'string', pattern: '^otpauth://totp/' },
    qrCode: { type: 'string', pattern: '^data:image/png;base64,' },
  }),
  ...Object.fromEntries(deliveredMethods.map((method) => [contactInput(method), contactField(method)])),
  ContactSetup: object({ maskedContact: text }),
  Confirmation: object({ method: oneOf(enrollableMethods), 'code?': code, 'response?': passkeyAnswer }),
  PasskeyInput: object({
    'label?': { type: 'string', maxLength: 64, description: 'Default: the name of the authenticator.' },
  }),
  PasskeyOptions: object({
    options: { type: 'object', description: 'For the browser: WebAuthn L3 §5.1.8 and §5.1.9.' },
  }),
  PasskeyAnswer: object({ response: passkeyAnswer, 'returnTo?': returnTo }),
  AcceptedPasskeys: object({ rpId: text, userId: text, allAcceptedCredentialIds: list(text) }),
  Confirmed: object({
    backupCodes: { ...codes, description: 'Fresh backup codes; empty for a user who has a set.' },
    'csrfToken?': csrf,
  }),
  ChallengeInput: object({ method: oneOf([...deliveredMethods, 'passkey']) }),
  ChallengeSent: object({
    maskedContact: text,
    expiresAt: time,
    resendAfter: {
      type: ['integer', 'null'],
      description: 'Seconds until another one may be asked for; null where there will be none.',
    },
  }),
  Verification: object({
    'code?': code,
    'response?': passkeyAnswer,
    'method?': oneOf(everyMethod),
    'returnTo?': returnTo,
  }),
  Reauthentication: object({ password: text, 'returnTo?': returnTo }),
  Verified: object({ returnTo, csrfToken: csrf }),
  Renaming: object({ id: text, label: { type: 'string', minLength: 1, maxLength: 64 } }),
  Removal: object({ id: text }),
  Success: object({ success: { const: true } }),
  Remaining: object({ remaining: { type: 'integer' } }),
  BackupCodes: object({ backupCodes: codes }),
};

/** What a client keeps in place of a session. */
const kept = {
  challengeToken: {
    type: 'string',
    description:
      'Of a halted login or a step-up, as the client was given it, and sends it back with every call for it.',
  },
};
const issued = {
  tokens: { description: 'What the app issues in place of the token of this request; only where it says more.' },
};

/** What the schemas have beside, all of it optional, where clients hold a token in place of a session. */
const byToken: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  ChallengeInput: kept,
  ChallengeSent: kept,
  PasskeyAnswer: kept,
  PasskeyOptions: kept,
  Verification: kept,
  BackupCodes: issued,
  Confirmed: issued,
  Success: issued,
  Verified: issued,
};

function extended(name: string, schema: Schema): Schema {
  const more = byToken[name];
  if (!more) return schema;
  const { properties, required } = schema as { properties: object; required: readonly string[] };
  // Without a session there is no token of it.
  return {
    ...schema,
    properties: { ...properties, ...more },
    required: required.filter((member) => member !== 'csrfToken'),
  };
}

/** The schemas of a router that serves clients with tokens, too. */
export const schemasByToken: Readonly<Record<string, Schema>> = {
  ...Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, extended(name, schema)])),
  PasskeyLogin: object({
    'session?': { const: false, description: 'For a client that wants tokens where the browser has a session, too.' },
  }),
};
