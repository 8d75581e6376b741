/**
 * An object with members that only the server may see: they are read by their names and found in no other way. They are
 * no properties of its own, so JSON, spread, structuredClone and loggers do not list them, those that list what is not
 * enumerable included; and util.inspect stops where a prototype says that it is a built-in one.
 * @internal
 */
export function withHidden<Visible extends object, Hidden extends object>(
  visible: Visible,
  hidden: Hidden,
): Visible & Hidden {
  const accessors = Object.entries(hidden).map(([name, value]) => [name, { get: (): unknown => value }] as const);
  const layer: unknown = Object.create(Object.getPrototypeOf(visible) as object, {
    ...Object.fromEntries(accessors),
    constructor: { value: Object },
  });
  return Object.assign(Object.create(layer as object) as Visible & Hidden, visible);
}
