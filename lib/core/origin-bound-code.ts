/**
 * The host that a code may be filled in on: a browser offers it there and on the hosts below, and nowhere else.
 * @throws TypeError for anything but the host of an https page
 * @internal
 */
export function readOrigin(origin: unknown): string {
  const text = typeof origin === 'string' ? origin : '';
  const href = text.includes('://') ? text : `https://${text}`;
  const url = URL.canParse(href) ? new URL(href) : undefined;
  if (url?.href === `https://${url?.hostname}/`) return url.hostname;
  throw new TypeError(
    `origin must be the host of your https pages, such as "example.com"; got ${typeof origin} ` +
      JSON.stringify(origin),
  );
}

/** @internal The text with the line that browsers read a code from. It counts only as the last one. */
export function bindToOrigin(text: string, host: string | undefined, code: string): string {
  return host === undefined ? text : `${text.trimEnd()}\n\n@${host} #${code}`;
}
