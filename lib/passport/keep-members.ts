import { actionNames } from './settle.js';

const own = new Set<string>([...actionNames, 'constructor', 'authenticate']);

/**
 * A wrapper that has the members of what it wraps, too: an app calls `logout` of its SAML strategy, or changes a member
 * of an OAuth one, by what Passport has registered. Methods run on the wrapped strategy, and assignments reach it. What
 * the wrapper has itself is its own, and so are Passport's actions, which belong to one request.
 */
export function keepMembers<W extends object>(wrapper: W, wrapped: object): W {
  const isKept = (target: object, key: string | symbol): boolean =>
    typeof key === 'string' && !own.has(key) && !(key in target);
  const bound = new WeakMap<object, unknown>();
  const proxy: W = new Proxy(wrapper, {
    get(target, key, receiver) {
      if (!isKept(target, key)) return Reflect.get(target, key, receiver) as unknown;
      const value: unknown = Reflect.get(wrapped, key);
      if (typeof value !== 'function' || isClass(value)) return value;
      const method: unknown = bound.get(value) ?? (value as () => unknown).bind(wrapped);
      bound.set(value, method);
      return method;
    },
    set(target, key, value: unknown, receiver) {
      // Passport puts its actions on an object of each request, which inherits from this one.
      if (receiver !== proxy)
        return Reflect.defineProperty(receiver as object, key, {
          value,
          configurable: true,
          enumerable: true,
          writable: true,
        });
      return isKept(target, key) ? Reflect.set(wrapped, key, value) : Reflect.set(target, key, value);
    },
    has: (target, key) => key in target || (isKept(target, key) && key in wrapped),
  });
  return proxy;
}

const isClass = (value: object): boolean => /^class\b/.test(Function.prototype.toString.call(value));
