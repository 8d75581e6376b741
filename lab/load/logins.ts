import { randomInt } from 'node:crypto';
import { decodeBase32 } from '../../lib/core/provisioning.js';
import { defaultTotpParameters, timeStep, totpAt } from '../../lib/core/totp.js';
import type { Answer, Cluster } from './cluster.js';

export interface LoadUser {
  readonly id: string;
  readonly secret: string;
  /** Codes that were answered as right, by their time step. */
  readonly accepted: number[];
  /** Codes whose answer was lost: each may have been taken. */
  readonly unknown: number[];
}

/** What the clients saw. */
export class Log {
  logins = 0;
  finished = 0;
  wrong = 0;
  duplicates = 0;
  again = 0;
  readonly violations: string[] = [];

  violation(user: LoadUser, what: string, answer?: Answer): void {
    this.violations.push(`user ${user.id}: ${what}${answer ? ` (${answer.status} ${answer.code ?? ''})` : ''}`);
  }
}

const code = (user: LoadUser, step: number): string => totpAt(decodeBase32(user.secret)!, step, defaultTotpParameters);

/** A code that is none of the window's. */
export function wrongCode(user: LoadUser, now: number): string {
  const near = [-1, 0, 1].map((offset) => code(user, timeStep(now, 30) + offset));
  return ['000000', '111111', '222222', '333333'].find((candidate) => !near.includes(candidate))!;
}

/** First factor, wherever it lands, until a process lives long enough to answer. */
export async function halt(cluster: Cluster, log: Log, user: LoadUser): Promise<string> {
  for (;;) {
    const halted = await cluster.post('/login', { username: user.id, password: user.id });
    if (!halted) continue;
    if (halted.status !== 202) log.violation(user, 'the first factor did not halt', halted);
    const me = await cluster.me(halted.cookie);
    if (me && me.status !== 401) log.violation(user, 'logged in by the first factor alone', me);
    return halted.cookie;
  }
}

/**
 * One login as a person makes it: a wrong code now and then, the form sent twice, another try where the connection broke.
 * @param clean nothing of that: one right code
 */
export async function logIn(cluster: Cluster, log: Log, user: LoadUser, now: number, clean = false): Promise<void> {
  log.logins += 1;
  const step = timeStep(now, 30);
  let cookie = await halt(cluster, log, user);
  if (!clean && randomInt(100) === 0) {
    const refused = await cluster.post('/2fa', { code: wrongCode(user, now) }, cookie);
    if (refused && refused.code !== 'INVALID_CODE') log.violation(user, 'a wrong code was not refused as one', refused);
    log.wrong += 1;
  }
  let answers = await send(cluster, log, user, cookie, step, !clean && randomInt(20) === 0);
  // The answer was lost. The code may be spent or not: the same once more, and then the next one of the window.
  for (const next of [step, step + 1, step + 1]) {
    if (answers.some((answer) => answer?.status === 200) || answers.every((answer) => answer !== undefined)) break;
    log.again += 1;
    cookie = await halt(cluster, log, user);
    const retried = await send(cluster, log, user, cookie, next, false);
    const spent = retried.some((answer) => answer?.code === 'INVALID_CODE');
    answers = spent ? [undefined] : retried;
    if (spent && !user.unknown.includes(next)) log.violation(user, 'a code that nobody used was refused', retried[0]);
  }
  const right = answers.filter((answer) => answer?.status === 200);
  if (right.length > 1) log.violation(user, 'one pending login was finished twice');
  const finished = right[0];
  if (!finished) {
    if (answers.every((answer) => answer !== undefined)) log.violation(user, 'a right code did not log in', answers[0]);
    return;
  }
  log.finished += 1;
  const me = (await cluster.me(finished.cookie)) ?? (await cluster.me(finished.cookie));
  if (me && (me.status !== 200 || me.id !== user.id)) log.violation(user, 'a finished login was lost', me);
}

/** The code by the strategy or by the two calls, each on any process. */
async function send(
  cluster: Cluster,
  log: Log,
  user: LoadUser,
  cookie: string,
  step: number,
  twice: boolean,
): Promise<(Answer | undefined)[]> {
  if (twice) log.duplicates += 1;
  const way = randomInt(2) === 0 ? byStrategy : byCalls;
  const answers = await Promise.all(
    Array.from({ length: twice ? 2 : 1 }, () => way(cluster, cookie, code(user, step))),
  );
  for (const answer of answers) {
    if (answer === undefined) user.unknown.push(step);
    else if (answer.status === 200) user.accepted.push(step);
  }
  return answers;
}

const byStrategy = (cluster: Cluster, cookie: string, given: string) => cluster.post('/2fa', { code: given }, cookie);

async function byCalls(cluster: Cluster, cookie: string, given: string): Promise<Answer | undefined> {
  const verified = await cluster.post('/verify', { code: given }, cookie);
  return verified?.status === 200 ? cluster.post('/complete', {}, verified.cookie) : verified;
}

/** Somebody who knows the password guesses from many connections at once. @returns how many guesses were judged, at least and at most */
export async function attack(
  cluster: Cluster,
  log: Log,
  user: LoadUser,
  now: number,
  guesses: number,
): Promise<[number, number]> {
  const cookie = await halt(cluster, log, user);
  const answers = await Promise.all(
    Array.from({ length: guesses }, () => cluster.post('/2fa', { code: wrongCode(user, now) }, cookie)),
  );
  const strange = answers.find((answer) => answer && answer.status !== 401 && answer.status !== 429);
  if (strange) log.violation(user, 'a guess was answered strangely', strange);
  const judged = answers.filter((answer) => answer?.code === 'INVALID_CODE').length;
  return [judged, judged + answers.filter((answer) => answer === undefined).length];
}
