import type { ArgumentsHost } from '@nestjs/common';
import type { Request, RequestHandler, Response } from 'express';

/** A request of Express, whichever way Nest tells of it. */
export interface Asked {
  readonly req: Request;
  readonly res: Response;
}

/**
 * The request of an HTTP route or a GraphQL resolver.
 * @throws TypeError for whatever else there is (WebSockets, microservices): it has no request that anybody is logged in
 *   to
 */
export function requestOf(host: ArgumentsHost, where: string): Asked {
  const type: string = host.getType();
  if (type === 'http') {
    const http = host.switchToHttp();
    return { req: http.getRequest<Request>(), res: http.getResponse<Response>() };
  }
  if (type !== 'graphql')
    throw new TypeError(`${where}: it reads HTTP and GraphQL requests, and knows nothing of "${type}".`);
  const { req, res } = Object(host.getArgByIndex<unknown>(2)) as Asked;
  if (Object(req) !== req)
    throw new TypeError(
      `${where}: the context of GraphQL has no request: GraphQLModule.forRoot({ context: ({ req, res }) => ` +
        '({ req, res }) }).',
    );
  return { req, res };
}

/** Runs a guard of Express: only `next()` lets through. */
export function pass(guard: RequestHandler, { req, res }: Asked): Promise<true> {
  return new Promise((resolve, reject) => {
    void guard(req, res, (...refusal: unknown[]) => {
      if (refusal.length === 0) resolve(true);
      else if (refusal[0] instanceof Error) reject(refusal[0]);
      else reject(new Error('The second factor could not be checked.', { cause: refusal[0] }));
    });
  });
}

const properties = new WeakMap<object, string>();

/** Keeps by which name the module has put `req.auth` on this request. */
export function rememberProperty(req: object, property: string): void {
  properties.set(req, property);
}

/** The property that `req.auth` is, undefined for a request that has not come by the module. */
export const propertyOf = (req: object): string | undefined => properties.get(req);
