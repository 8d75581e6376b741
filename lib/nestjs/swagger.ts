import type { INestApplicationContext } from '@nestjs/common';
import { openApiDocument } from '../router/api/openapi.js';
import { TwoFactorHost } from './host.js';

/** What is used of the document of @nestjs/swagger, structurally: it need not be installed. */
export interface OpenApiLike {
  /** The version of OpenAPI. */
  openapi: string;
  /** What is served, by path. */
  paths: object;
  /** Schemas and security schemes. */
  components?: object;
}

interface Components {
  readonly schemas?: Readonly<Record<string, unknown>>;
  readonly securitySchemes?: Readonly<Record<string, unknown>>;
}

/**
 * Adds the JSON API of the module's `router` to the app's document. Names of it begin with `TwoFactor`.
 *
 * ```ts
 * const document = withTwoFactor(SwaggerModule.createDocument(app, config), app);
 * SwaggerModule.setup('api', app, document);
 * ```
 *
 * @returns another document; the given one stays as it is
 * @throws TypeError where TwoFactorModule has no `router`
 */
export function withTwoFactor<Document extends OpenApiLike>(
  document: Document,
  app: Pick<INestApplicationContext, 'get'>,
): Document {
  const { service, settings } = app.get(TwoFactorHost, { strict: false });
  const { router } = settings;
  if (!router)
    throw new TypeError(
      "withTwoFactor: there is no router to document: TwoFactorModule.forRoot({ router: { path: '/2fa' } })",
    );
  const served = {
    passwords: router.login !== false,
    passkeys: service.hasPasskeys,
    tokens: router.tokens !== undefined,
  };
  const url = `${router.path.replace(/\/$/, '')}/api`;
  const ours = openApiDocument('', served) as { paths: Record<string, object>; components: Components };
  const named = rename(document.openapi.startsWith('3.0') ? asOf30(ours) : ours) as typeof ours;
  const given: Components = document.components ?? {};
  return {
    ...document,
    paths: {
      ...document.paths,
      ...Object.fromEntries(Object.entries(named.paths).map(([path, verbs]) => [`${url}${path}`, verbs])),
    },
    components: {
      ...given,
      schemas: { ...given.schemas, ...prefixed(named.components.schemas) },
      securitySchemes: { ...given.securitySchemes, ...prefixed(named.components.securitySchemes) },
    },
  };
}

const prefix = 'TwoFactor';
const prefixed = (named: Readonly<Record<string, unknown>> = {}): Record<string, unknown> =>
  Object.fromEntries(Object.entries(named).map(([name, value]) => [prefix + name, value]));

type Change = (key: string, value: unknown) => readonly (readonly [string, unknown])[];

/** The same with every member of every object changed, from the inside. */
function changed(value: unknown, change: Change): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => changed(one, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => change(key, changed(one, change))));
}

/** References, security and ids by names that no other part of the document has. */
const rename = (document: object): unknown =>
  changed(document, (key, value) => {
    if (key === '$ref') return [[key, String(value).replace('/schemas/', `/schemas/${prefix}`)]];
    if (key === 'operationId')
      return [
        [key, prefix + String(value)],
        ['tags', ['Second factor']],
      ];
    if (key === 'security') return [[key, (value as Record<string, unknown>[]).map(prefixed)]];
    return [[key, value]];
  });

/** OpenAPI 3.0, which Nest writes unless it is told otherwise, has no `const` and one type for a value. */
const asOf30 = (document: object): object =>
  changed(document, (key, value) => {
    if (key === 'required' && Array.isArray(value) && value.length === 0) return [];
    if (key === 'const') return [['enum', [value]]];
    if (key !== 'type' || !Array.isArray(value)) return [[key, value]];
    return [
      [key, value.find((type) => type !== 'null')],
      ['nullable', true],
    ];
  }) as object;
