import { format, inspect } from 'node:util';

/** As tslog and other loggers copy what they are given: by its own names, enumerable or not, into an object of its prototype. */
function byOwnNames(value: unknown, seen = new Map<object, unknown>()): unknown {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (seen.has(value)) return seen.get(value);
  const copy = (Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value))) as Record<
    PropertyKey,
    unknown
  >;
  seen.set(value, copy);
  for (const key of Reflect.ownKeys(value)) {
    if (key !== 'length')
      Object.defineProperty(copy, key, {
        value: byOwnNames((value as Record<PropertyKey, unknown>)[key], seen),
        enumerable: true,
      });
  }
  return copy;
}

/** As serializers do that can write an object in a circle: what was written before is left out. */
function circularSafe(value: unknown): string {
  const seen = new Set<unknown>();
  return (
    JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part !== 'object' || part === null) return typeof part === 'bigint' ? String(part) : part;
      if (seen.has(part)) return undefined;
      seen.add(part);
      return part;
    }) || ''
  );
}

function inherited(value: object): object {
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = (value as Record<string, unknown>)[key];
  return copy;
}

/** What careless loggers make of a value, by how they do it. */
export function everyLog(value: object): [how: string, text: string][] {
  const deep = { depth: 9, maxArrayLength: null, maxStringLength: null, breakLength: Infinity } as const;
  const ways: [string, unknown][] = [
    ['as it is', value],
    ['spread', { ...value }],
    ['Object.assign', Object.assign({}, value)],
    ['in a list', [value]],
    ['as a cause', new Error('outer', { cause: value })],
    ['for-in', inherited(value)],
    ['own names', byOwnNames(value)],
  ];
  return ways.flatMap(([how, shown]): [string, string][] => [
    [`${how}, circular-safe JSON`, circularSafe(shown)],
    [`${how}, inspect`, inspect(shown, deep)],
    [`${how}, inspect of getters`, inspect(shown, { ...deep, getters: true })],
    [`${how}, inspect of what is hidden`, inspect(shown, { ...deep, showHidden: true, showProxy: true })],
    [
      `${how}, inspect of everything`,
      inspect(shown, { ...deep, showHidden: true, getters: true, customInspect: false }),
    ],
    [`${how}, %o`, format('%o', shown)],
    [`${how}, %O`, format('%O', shown)],
    [`${how}, %s`, format('%s', shown)],
  ]);
}
