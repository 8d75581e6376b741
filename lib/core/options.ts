/** How many letters have to be put in, left out or exchanged to make one name of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const exchanged = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, exchanged));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** As much of a name as is looked at and repeated: a body that is handed on as options may have any names. */
const readable = (name: string): string => name.slice(0, 64);

/**
 * The known option that this name was probably meant to be.
 * @internal
 */
export function meantOption(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map((candidate) => ({ candidate, away: distance(readable(name).toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, away }) => away <= Math.ceil(candidate.length / 3))
    .sort((a, b) => a.away - b.away);
  return near[0]?.candidate;
}

/**
 * What to say of an option that there is none of.
 * @internal
 */
export function unknownOption(name: string, known: readonly string[]): string {
  const meant = meantOption(name, known);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `there is no option "${readable(name)}"; there are ${known.join(', ') || 'none'}${hint}`;
}

/**
 * Refuses an option that nothing reads: misspelt, it would be left at its default without a word.
 * @param where names the function in the message
 * @throws TypeError that names the option and the nearest known one, or says that the options are no object
 * @internal
 */
export function checkOptions(where: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const got = given === null ? 'null' : Array.isArray(given) ? 'an array' : typeof given;
    throw new TypeError(`${where}: the options must be an object (${known.join(', ')}); got ${got}`);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new TypeError(`${where}: ${unknownOption(name, known)}`);
  }
}

/** @internal @throws TypeError for what is no text, where it is given */
export function checkText(
  where: string,
  option: string,
  given: { readonly value: unknown; readonly expected: string },
): void {
  const { value, expected } = given;
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw new TypeError(`${where}: ${option} must be ${expected}; got ${typeof value}`);
  }
}
