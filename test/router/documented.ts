import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { openApiDocument } from '../../lib/router/api/openapi.js';

export interface ApiDocument {
  readonly openapi: string;
  readonly servers: readonly { url: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, object> };
}

export interface Operation {
  readonly operationId: string;
  readonly requestBody?: { content: { 'application/json': { schema: object } } };
  readonly responses: Record<string, { description: string; content: { 'application/json': { schema: object } } }>;
}

interface Ajv {
  addSchema(schema: object, id: string): void;
  compile(schema: object): ((value: unknown) => boolean) & { errors?: unknown };
}

// The JSON Schema of OpenAPI 3.1 is draft 2020-12, which the validator of documents brings along.
const validatorModule = resolve('node_modules/@seriousme/openapi-schema-validator/index.js');
const { default: Ajv2020 } = createRequire(validatorModule)('ajv/dist/2020') as {
  default: new (options: object) => Ajv;
};

const document = openApiDocument('/api') as ApiDocument;
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(document, 'api');

const compiled = new Map<string, ReturnType<Ajv['compile']>>();

/** References within the document, as seen from a schema on its own. */
const rooted = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object;

function matches(key: string, schema: object, value: unknown): string | undefined {
  const check = compiled.get(key) ?? ajv.compile(rooted(schema));
  compiled.set(key, check);
  return check(value) ? undefined : JSON.stringify(check.errors);
}

/** Answers that were produced by a test so far: `post /verify 401 INVALID_CODE`. */
export const produced = new Set<string>();

/** Holds an answer against the document. @throws Error where it is not described there, or otherwise */
export function checkAnswer(
  verb: 'get' | 'post',
  path: string,
  status: number,
  body: { error?: { code: string } },
): void {
  const response = document.paths[path]?.[verb]?.responses[String(status)];
  const answer = `${verb} ${path} ${status} ${body.error?.code ?? ''}`.trim();
  if (!response) throw new Error(`The document does not know of the answer ${answer}: ${JSON.stringify(body)}`);
  const problems = matches(`${verb} ${path} ${status}`, response.content['application/json'].schema, body);
  if (problems !== undefined)
    throw new Error(`The answer ${answer} is not what the document says: ${problems}; it is ${JSON.stringify(body)}`);
  produced.add(answer);
}

/** Holds a request that the API accepted against the document. */
export function checkRequest(path: string, body: object): void {
  const schema = document.paths[path]?.post?.requestBody?.content['application/json'].schema;
  const problems = schema && matches(`request ${path}`, schema, body);
  if (problems !== undefined)
    throw new Error(`The API accepts what the document does not: ${path} ${JSON.stringify(body)}: ${problems}`);
}

/** Every answer that the document promises, in the form in which they are produced. */
export function promised(): string[] {
  return Object.entries(document.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).flatMap(([verb, { responses }]) =>
      Object.entries(responses).flatMap(([status, { description }]) =>
        status === '200'
          ? [`${verb} ${path} 200`]
          : description.split(', ').map((code) => `${verb} ${path} ${status} ${code}`),
      ),
    ),
  );
}
