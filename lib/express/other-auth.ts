import { createRequire } from 'node:module';
import type { Request } from 'express';

/** What is used of Express's routers, structurally: those of Express 4 and 5 differ, this does not. */
interface Layer {
  readonly handle?: unknown;
  readonly route?: { readonly stack?: readonly Layer[] } | undefined;
  /** What of the path `match` has read, which the layers below do not see. */
  readonly path?: string;
  match?(path: string): boolean;
}

interface App {
  readonly _router?: unknown;
  readonly router?: unknown;
  readonly parent?: App | undefined;
  path?(): string;
}

type Chain = readonly Layer[];

const stackOf = (router: unknown): readonly Layer[] => {
  const stack =
    typeof router === 'function' || typeof router === 'object'
      ? (router as { stack?: unknown } | null)?.stack
      : undefined;
  return Array.isArray(stack) ? (stack as Layer[]) : [];
};

/** Every handler below a router, as the chain of layers that lead to it. */
function* handlersBelow(
  router: unknown,
  above: Chain = [],
): Generator<{ readonly chain: Chain; readonly handle: unknown }> {
  for (const layer of stackOf(router)) {
    const chain = [...above, layer];
    if (layer.route) for (const { handle } of layer.route.stack ?? []) yield { chain, handle };
    else if (stackOf(layer.handle).length > 0) yield* handlersBelow(layer.handle, chain);
    else yield { chain, handle: layer.handle };
  }
}

/** Whether a request of this path comes by. */
function passes(chain: Chain, path: string): boolean {
  let rest = path;
  try {
    for (const layer of chain) {
      if (layer.match && !layer.match(rest)) return false;
      if (!layer.route) rest = rest.slice(layer.path?.length ?? 0) || '/';
    }
    return true;
  } catch {
    // Express answers such a path by an error.
    return true;
  }
}

const isLoaded = (name: string): boolean =>
  Object.keys(createRequire(`${process.cwd()}/`).cache).some((file) =>
    file.replaceAll('\\', '/').includes(`/node_modules/${name}/`),
  );

/** The name of a middleware that sets this property for requests with credentials, and leaves it out for the others. */
function nameOf(handle: unknown, property: string): string | undefined {
  if (typeof handle !== 'function') return undefined;
  const source = Function.prototype.toString.call(handle);
  if (property === 'auth') {
    if (source.includes('credentials_required')) return 'express-jwt';
    // Its `.unless(…)` is another function, in which it cannot be seen.
    if (
      typeof (handle as { unless?: unknown }).unless === 'function' &&
      source.includes('useOriginalUrl') &&
      isLoaded('express-jwt')
    )
      return 'express-jwt';
  }
  const request = /^(?:async\s*)?(?:function\s*[\w$]*\s*)?\(?\s*([\w$]+)/.exec(source)?.[1];
  if (request === undefined) return undefined;
  const escaped = request.replaceAll('$', '\\$');
  const sets = new RegExp(`(?<![\\w$.])${escaped}\\.${property.replaceAll('$', '\\$')}\\s*=(?![=>])`);
  return sets.test(source) ? `a middleware of the app (${handle.name || 'without a name'})` : undefined;
}

interface Found {
  readonly count: number;
  readonly others: readonly { readonly chain: Chain; readonly name: string }[];
}

const routerOf = (app: App): unknown => app._router ?? app.router;

/** Looks for the other owners of `req.auth` among the middleware of an app. */
export class OtherAuth {
  private readonly found = new WeakMap<App, Found>();

  constructor(private readonly property: string) {}

  /** @throws TypeError for a request that comes by another middleware that keeps its value under the same name */
  check(req: Request): void {
    const path = /^[^?#]*/.exec(req.originalUrl)?.[0] ?? '/';
    for (let app = req.app as unknown as App | undefined; app; app = app.parent) {
      const base = app.path?.() ?? '';
      const below = path.startsWith(base) ? path.slice(base.length) || '/' : undefined;
      const other = this.othersIn(app).find(({ chain }) => below === undefined || passes(chain, below));
      if (other) throw taken(other.name, this.property);
    }
  }

  private othersIn(app: App): Found['others'] {
    const router = routerOf(app);
    const count = stackOf(router).length;
    const known = this.found.get(app);
    // What is mounted later is looked at, too.
    if (known?.count === count) return known.others;
    const others = [...handlersBelow(router)].flatMap(({ chain, handle }) => {
      const name = nameOf(handle, this.property);
      return name === undefined ? [] : [{ chain, name }];
    });
    this.found.set(app, { count, others });
    return others;
  }
}

/** What is said where somebody else's value is or will be under the name that was meant to be ours. */
export const taken = (who: string, property: string): TypeError =>
  new TypeError(
    `${who} keeps its value in req.${property} too, so that "if (!req.${property})" would let everybody in. ` +
      "Name another property: twoFactorAuth({ service, passport, property: 'twoFactor' }).",
  );
