/**
 * Whether a browser that is sent there stays on this site: one slash, no second one or backslash after it, and none of
 * the characters that browsers drop from an address before they read it, nor half a character.
 */
export function isLocalPath(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 2048) return false;
  if (!/^\/(?![/\\])[^\\\p{Cc}\p{Cs}\s]*$/u.test(value)) return false;
  try {
    return new URL(value, 'http://localhost').origin === 'http://localhost';
  } catch {
    return false;
  }
}

/** The first of these that is a path on this site. */
export const firstLocalPath = (candidates: readonly unknown[], fallback: string): string =>
  candidates.find(isLocalPath) ?? fallback;
