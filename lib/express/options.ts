import { checkOptions as checkNames } from '../passport/check-options.js';

/** @throws TypeError for an option that there is not, and for what is no object of options */
export function checkOptions(where: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `${where}: the argument must be an object of options: ${names.join(', ')}; got ${options === null ? 'null' : typeof options}`,
    );
  }
  checkNames(where, options, names);
}
