import ms from 'ms';
import { z } from 'zod';

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Undefined for what is no duration; `ms` throws for the empty text and for one of over a hundred characters. */
export function milliseconds(text: string): number | undefined {
  return text.length > 0 && text.length <= 100 ? ms(text as ms.StringValue) : undefined;
}

/** A duration, as a text such as "5m" or in milliseconds. */
export function duration(fallback: string, min: number, max: number) {
  const error = `must be a duration from ${ms(min)} to ${ms(max)}, such as "${fallback}"`;
  return z
    .unknown()
    .optional()
    .transform((value = fallback, context): number => {
      const parsed: unknown = typeof value === 'string' ? milliseconds(value) : value;
      if (typeof parsed === 'number' && parsed >= min && parsed <= max) return parsed;
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    });
}

/** A whole number. */
export function integer(fallback: number, min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error }).default(fallback);
}

/** A function of the app's. */
export const fn = <T>(what: string) =>
  z.custom<T>((value) => typeof value === 'function', { error: `must be a function ${what}` });
/** true or false. */
export const yesNo = (fallback: boolean) => z.boolean({ error: 'must be true or false' }).default(fallback);

/** What is said of a block that is no object; of an option that there is not, `explain` tells more. */
export const blockError = (message: string) => ({
  error: (issue: { code: string }) => (issue.code === 'unrecognized_keys' ? undefined : message),
});

/** Every comparison with NaN is false, and some of them would let in: a clock that stops telling the time denies. */
export function checkedClock(clock: () => number): () => number {
  return () => {
    const now = Math.floor(clock());
    if (!Number.isSafeInteger(now) || now < 0)
      throw new TypeError('clock must return epoch milliseconds, such as Date.now()');
    return now;
  };
}

/** The names of the options in the block at this path. */
export function namesIn(schema: z.ZodObject, path: readonly string[]): string[] {
  let at: unknown = schema;
  for (const key of path) at = blockOf(at).shape[key];
  return Object.keys(blockOf(at).shape);
}

/** The block itself, without its default. */
function blockOf(at: unknown): z.ZodObject {
  if (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional)
    return blockOf(at.unwrap());
  return at as z.ZodObject;
}
