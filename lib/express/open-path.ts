/** Longer ones are nobody's page. */
const longest = 2048;

/**
 * A path as every reader of it reads it; undefined for one that some reader may take for another page: what decodes it
 * once more (`express.static`, a proxy, a framework behind it) finds other slashes, dots or parameters in it.
 */
function plainPath(path: unknown): string | undefined {
  if (typeof path !== 'string' || !path.startsWith('/') || path.length > longest) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // An encoded slash has become one more, an encoded percent sign hides another layer.
  if (decoded.split('/').length !== path.split('/').length || /[\\%;?#\p{C}]/u.test(decoded)) return undefined;
  // Letters that some file systems and proxies take for dots and slashes are read as those.
  const segments = decoded.normalize('NFKC').split('/').slice(1);
  if (segments.length !== decoded.split('/').length - 1 || segments.some((segment) => segment.includes('\\')))
    return undefined;
  const isOdd = segments.some((segment, index) =>
    segment === '' ? index < segments.length - 1 : /^[.\s]+$/u.test(segment),
  );
  return isOdd ? undefined : decoded;
}

const withoutTrailingSlash = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;

/**
 * Whether a path is one of these or lies below it; `/` is the home page alone. Compared as whole segments, so that
 * `/2fa` does not open `/2fabulous`, and closed for every spelling that is not plain.
 * @throws TypeError for a path among `except` that no plain request has
 */
export function openPaths(where: string, except: unknown): (path: unknown) => boolean {
  if (!Array.isArray(except))
    throw new TypeError(`${where}: except must be a list of paths such as ["/2fa", "/logout"]; got ${typeof except}`);
  const open = except.map((given: unknown) => {
    const plain = plainPath(given);
    if (plain === undefined)
      throw new TypeError(`${where}: except must be a list of paths such as "/2fa"; got ${JSON.stringify(given)}`);
    return withoutTrailingSlash(plain);
  });
  return (path) => {
    const plain = plainPath(path);
    if (plain === undefined) return false;
    return open.some((one) => withoutTrailingSlash(plain) === one || (one !== '/' && plain.startsWith(`${one}/`)));
  };
}
