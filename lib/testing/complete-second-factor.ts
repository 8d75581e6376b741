import type { MethodName } from 'passport-two-factor';
import { checkOptions } from '../core/options.js';
import { currentTotp } from './current-totp.js';

/** What is used of `supertest.agent(app)`, or of anything that posts like it. */
export interface PostingAgent<Sent> {
  /** Begins a POST request. */
  post(path: string): {
    /** Gives it a body. */
    send(body: object): Sent;
  };
}

/** The second step of a login: a code, or the secret that makes one. */
export type SecondFactorStep = {
  /** The route of `passport.authenticate('two-factor')`. */
  readonly path: string;
  /** Which method the code is of. Default: told by the code. */
  readonly method?: MethodName;
  /** Epoch milliseconds at which the code of `secret` is shown. Default: now. */
  readonly at?: number;
  /** With `session: false`: what the halted login was answered with. */
  readonly challengeToken?: string;
} & (
  | {
      /** What the user would type. */
      readonly code: string;
      /** Either this or `code`. */
      readonly secret?: never;
    }
  | {
      /** The base32 secret of an authenticator app. */
      readonly secret: string;
      /** Either this or `secret`. */
      readonly code?: never;
    }
);

/**
 * Sends the second factor and answers what the agent answers, so that a test can go on with it:
 *
 * ```ts
 * await agent.post('/login').send({ email, password }).expect(202);
 * await completeSecondFactor(agent, { path: '/2fa', secret, at: clock.now() }).expect(200);
 * ```
 */
export function completeSecondFactor<Sent>(agent: PostingAgent<Sent>, step: SecondFactorStep): Sent {
  checkOptions('completeSecondFactor', step, ['path', 'method', 'at', 'challengeToken', 'code', 'secret']);
  const { path, method, at, challengeToken } = step;
  const code = step.code ?? currentTotp(step.secret, at);
  return agent
    .post(path)
    .send({ code, ...(method !== undefined && { method }), ...(challengeToken !== undefined && { challengeToken }) });
}
