import { randomInt } from 'node:crypto';
import { InvalidInputError } from '../errors.js';
import { typedCode } from './typed-text.js';

/** What a code is made for; it serves nothing else. */
export type ChallengePurpose = 'login' | 'enrollment' | 'step-up';

/** @internal The same, and the login by a passkey alone, which no code is made for. */
export type QuestionPurpose = ChallengePurpose | 'passkey';

/** Longer than any code with any separators: a megabyte of text is refused before anything reads it. */
const longestInput = 64;

/**
 * A code as the user typed it: the digits of any script are the same code, spaces, dashes and what is invisible are
 * none of it.
 * @throws InvalidInputError when it is not a string, or too long to be a code
 * @internal
 */
export function readCode(code: unknown): string {
  if (typeof code !== 'string') throw new InvalidInputError('code', 'a string');
  if (code.length > longestInput) throw new InvalidInputError('code', 'a code of a known shape');
  return typedCode(code);
}

/** A passkey's answer has some kilobytes at the most, attestation included. */
const longestStructured = 32_768;

/**
 * The same, or a passkey's answer: an object, or its JSON as a form sends it.
 * @throws InvalidInputError where it is neither, or too long
 * @internal
 */
export function readResponse(response: unknown): string | object {
  const isJson = typeof response === 'string' && response.startsWith('{');
  if (!isJson && (typeof response !== 'object' || response === null)) return readCode(response);
  const text = isJson ? response : JSON.stringify(response);
  if (text.length > longestStructured) throw new InvalidInputError('response', "a passkey's answer");
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new InvalidInputError('response', "a passkey's answer, as JSON");
  }
}

/** @internal */
export const isDigits = (code: string, length: number): boolean => code.length === length && /^[0-9]+$/.test(code);

/**
 * @internal A uniform code of `length` digits with its leading zeros (NIST SP 800-63B §3.1.3.2 asks for at least
 * six).
 */
export function generateOneTimeCode(length: number): string {
  return String(randomInt(10 ** length)).padStart(length, '0');
}
