import { setOwn } from '../core/define.js';

/**
 * A member that is read from the prototype, so that JSON and logs do not show it; whoever assigns to it gets one of
 * its own.
 */
export function readable<T extends object>(prototype: T, name: string, read: (error: T) => unknown): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: T) {
      return read(this);
    },
    set(this: T, value: unknown) {
      setOwn(this, name, { value, isListed: true });
    },
  });
}

/** What http-errors gives its errors, for Nest, Koa, Fastify and whatever else answers a request by it. */
export function likeHttpErrors(prototype: { readonly status: number }): void {
  readable(prototype, 'statusCode', ({ status }) => status);
  readable(prototype, 'expose', ({ status }) => status < 500);
}

/**
 * Every error that the library answers a request with. `code` is stable and meant for programs, `status` is the HTTP
 * status that fits, `message` is meant for the user who made the request and never holds a code, secret or contact.
 *
 * `instanceof` also knows an error that another installed copy of this package has made.
 */
export abstract class TwoFactorError extends Error {
  /** Stable, for programs. */
  abstract readonly code: string;
  /** The HTTP status that fits. */
  abstract readonly status: number;
  /** The same as `status`, by the name that other frameworks read. */
  declare readonly statusCode: number;
  /** Whether the message is for the client. */
  declare readonly expose: boolean;
  /** For GraphQL, which answers them beside the message. */
  declare readonly extensions: {
    /** The same as `code`. */
    readonly code: string;
  };

  static {
    likeHttpErrors(this.prototype);
    readable(this.prototype, 'extensions', ({ code }) => ({ code }));
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What the errors of one name share over all copies of this package. */
export const brandOf = (name: string): symbol => Symbol.for(`passport-two-factor.${name}`);

export const carries = (value: unknown, brand: symbol): boolean =>
  typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
