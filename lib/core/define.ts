/** A value, and whether it is listed like one that was assigned. */
interface Own {
  readonly value: unknown;
  readonly isListed?: boolean;
}

/** @internal Puts a value on an object, which others may replace. */
export function setOwn(target: object, name: PropertyKey, { value, isListed = false }: Own): void {
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: isListed });
}

interface Accessor<T> {
  readonly get: () => T;
  readonly set: (value: T) => void;
  readonly isListed: boolean;
}

/** @internal Puts functions in the place of a value, which others may replace. */
export function setAccessor<T>(target: object, name: PropertyKey, { get, set, isListed }: Accessor<T>): void {
  Object.defineProperty(target, name, { get, set, configurable: true, enumerable: isListed });
}

/** @internal Marks an object as ours, for other copies of this package too: nothing replaces the mark or lists it. */
export function setBrand(target: object, brand: symbol): void {
  Object.defineProperty(target, brand, { value: true });
}
