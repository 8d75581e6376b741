/** @internal @throws TypeError for an option that there is not: a misspelt one would be believed to be set */
export function checkOptions(where: string, options: unknown, names: readonly string[]): void {
  const unknown = Object.keys((options as object | undefined) ?? {}).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new TypeError(`${where}: there is no option "${unknown}"; there are ${names.join(', ')}`);
}

/** @internal @throws TypeError */
export function checkText(where: string, option: string, value: unknown, expected: string): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw new TypeError(`${where}: ${option} must be ${expected}; got ${typeof value}`);
  }
}
