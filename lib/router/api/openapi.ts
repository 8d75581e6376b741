import { ref, schemas, schemasByToken } from './openapi-schemas.js';
import { operations, passkeyOperations, passkeyOptionsByToken, stepUpByCode, type Operation } from './operations.js';

const json = (schema: unknown) => ({ content: { 'application/json': { schema } } });

function failure(codes: readonly string[]): object {
  const base = ref('Error');
  return {
    description: codes.join(', '),
    ...json({ allOf: [base, { properties: { error: { properties: { code: { enum: codes } } } } }] }),
  };
}

/** For these a client without a login sends the `challengeToken`, or needs nothing. */
const withoutLogin = ['/verify', '/challenge', '/passkey/options', '/passkey'];

/** A bearer token that is refused is so everywhere. */
function withRefusedToken(errors: Operation['errors']): Operation['errors'] {
  return { ...errors, 401: [...new Set([...(errors[401] ?? []), 'NOT_LOGGED_IN'])] };
}

/** What proves whose request it is. */
const securityOf = (path: string, tokens: boolean): readonly object[] => [
  { session: [], csrf: [] },
  { bearer: [] },
  ...(tokens && withoutLogin.includes(path) ? [{}] : []),
];

function describe(
  path: string,
  verb: 'get' | 'post',
  { tokens, ...operation }: Operation & { readonly tokens: boolean },
): object {
  const { summary, body, answer, errors } = operation;
  const id = `${verb} ${path.slice(1)}`.replace(/[ /-](\w)/g, (_all, letter: string) => letter.toUpperCase());
  const inputs = (body ?? []).map(ref);
  const answers = [answer].flat().map(ref);
  return {
    operationId: id,
    summary,
    ...(verb === 'post' && { security: securityOf(path, tokens) }),
    ...(inputs.length > 0 && {
      requestBody: { required: true, ...json(inputs.length === 1 ? inputs[0] : { anyOf: inputs }) },
    }),
    responses: {
      200: { description: 'Done', ...json(answers.length === 1 ? answers[0] : { anyOf: answers }) },
      ...Object.fromEntries(
        Object.entries(tokens ? withRefusedToken(errors) : errors).map(([status, codes]) => [status, failure(codes)]),
      ),
    },
  };
}

/** What of the API is served. */
interface Served {
  /** Whether a step-up by the password is there. Default true. */
  readonly passwords?: boolean;
  /** Whether there are passkeys. Default true. */
  readonly passkeys?: boolean;
  /** Whether clients hold tokens. Default false. */
  readonly tokens?: boolean;
}

/** OpenAPI 3.1 of the JSON API as it is mounted. */
export function openApiDocument(
  url: string,
  { passwords = true, passkeys = true, tokens = false }: Served = {},
): object {
  const served = {
    ...operations,
    ...(!passwords && { '/step-up': { post: stepUpByCode } }),
    ...(passkeys && passkeyOperations),
    ...(passkeys && tokens && { '/passkey/options': { post: passkeyOptionsByToken } }),
  };
  const { Reauthentication: byPassword, ...others } = tokens ? schemasByToken : schemas;
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
          Object.entries(verbs).map(([verb, operation]) => [
            verb,
            describe(path, verb as 'get' | 'post', { ...operation, tokens }),
          ]),
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
          description: 'For an app that authenticates by tokens. Cookies of such a request count for nothing.',
        },
      },
    },
  };
}
