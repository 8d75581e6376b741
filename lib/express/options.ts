/** @throws TypeError for an option that there is not: a misspelt one would leave its protection out in silence */
export function checkOptions(where: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${where}: the argument must be an object of options: ${names.join(', ')}; got ${options === null ? 'null' : typeof options}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`${where}: there is no option "${unknown}"; there are ${names.join(', ')}`);
}

/** @throws TypeError for anything but a text that is not empty, where the option is given at all */
export function checkText(where: string, option: string, value: unknown, example: string): void {
  if (value === undefined || (typeof value === 'string' && value !== '')) return;
  throw new TypeError(`${where}: ${option} must be a text such as "${example}"; got ${value === null ? 'null' : typeof value}`);
}
