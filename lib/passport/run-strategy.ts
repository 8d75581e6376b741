import { setOwn } from '../core/define.js';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Request } from 'express';
import { toError } from '../errors.js';
import { actionNames, type Actions, type CapturedActions } from './settle.js';

/** A Passport strategy, structurally: those with nested types of their own (passport-saml) are strategies too. */
export interface InnerStrategy {
  name?: string | undefined;
  authenticate(req: never, options?: never): unknown;
}

type Authenticate = (this: object, req: Request, options: object) => unknown;

/** How long a strategy that can serve one request at a time may keep the next one waiting. */
const longestTurn = 30_000;

// Taken now: an app's tests may put fake timers in their place, which would hold up every login.
const { setTimeout, clearTimeout } = globalThis;

/** Whether a strategy takes turns, as far as it was looked at. */
const takesTurns = new WeakMap<object, boolean>();
const turns = new WeakMap<object, Promise<void>>();

/** A request that runs a strategy; `again` is for one that turns out to need a turn, and has ended nothing yet. */
interface Run {
  again?: () => void;
  /** Its turn is over: what it says now is for nobody. */
  isOver?: boolean;
}

const current = new AsyncLocalStorage<Run>();

/**
 * @internal Runs a strategy for one request, with these actions in place of Passport's.
 *
 * As Passport does, on an object of its own that inherits from the strategy, so that parallel requests do not meet.
 * Strategies that find only themselves there take turns instead.
 */
export function runStrategy(
  strategy: InnerStrategy,
  { req, options }: { readonly req: Request; readonly options: object },
  actions: Actions & Partial<CapturedActions>,
): void {
  const call: Call = { strategy, req, options: { ...options }, actions };
  if (!takesTurns.has(strategy)) takesTurns.set(strategy, bindsItself(strategy));
  if (takesTurns.get(strategy)) {
    takeTurn(call);
    actions.returned?.();
    return;
  }
  // Its code may be bound to the strategy in a way that cannot be seen before.
  const run: Run = {
    again: () => {
      delete run.again;
      takesTurns.set(strategy, true);
      takeTurn(call);
    },
  };
  const failed = (reason: unknown): void => {
    if (!actions.hasThrown?.(reason) && isBoundToItself(reason)) run.again?.();
    else actions.error(reason);
  };
  const delegate = Object.assign(Object.create(strategy) as object, pick(actions), { error: failed });
  try {
    // Some strategies are async functions: what they reject with would otherwise hang the request.
    Promise.resolve(current.run(run, () => authenticateOf(strategy).call(delegate, req, call.options))).catch(failed);
  } catch (reason) {
    if (actions.hasThrown?.(reason)) throw reason;
    failed(reason);
  } finally {
    actions.returned?.();
  }
}

interface Call {
  readonly strategy: InnerStrategy;
  readonly req: Request;
  readonly options: object;
  readonly actions: Actions;
}

const authenticateOf = (strategy: InnerStrategy): Authenticate =>
  (strategy as unknown as { authenticate: Authenticate }).authenticate;

const pick = (actions: Actions): Actions => {
  const { success, fail, redirect, pass, error } = actions;
  return { success, fail, redirect, pass, error };
};

/**
 * `#private` members, and an `authenticate` that is an arrow function or bound: these work on the strategy itself
 * alone.
 */
function bindsItself(strategy: InnerStrategy): boolean {
  const authenticate = authenticateOf(strategy);
  const source = Function.prototype.toString.call(authenticate);
  const isArrow = /^(async\s*)?(\(|[\w$]+\s*=>)/.test(source) && !Object.hasOwn(authenticate, 'prototype');
  if (isArrow || authenticate.name.startsWith('bound ')) return true;
  for (let proto = Object.getPrototypeOf(strategy) as object | null; proto && proto !== Object.prototype;) {
    const made: unknown = proto.constructor;
    if (
      typeof made === 'function' &&
      /\.#[A-Za-z_$]|classPrivate(Field|Method)/.test(Function.prototype.toString.call(made))
    )
      return true;
    proto = Object.getPrototypeOf(proto) as object | null;
  }
  return false;
}

/**
 * What V8, TypeScript and Babel throw for a private member of another object, and what an action is that is not
 * there.
 */
const isBoundToItself = (reason: unknown): boolean =>
  reason instanceof TypeError &&
  [
    /private (member|field|method|static|element)/i,
    /must be (an instance of )?class/i,
    /\b(success|fail|redirect|pass|error) is not a function/i,
  ].some((words) => words.test(reason.message));

/**
 * Runs a strategy on itself, for one request at a time: its actions are properties that parallel requests would share,
 * and one user's login would be another's. Each action asks whether it was called by the request whose turn it is.
 */
function takeTurn(call: Call): void {
  const before = turns.get(call.strategy) ?? Promise.resolve();
  turns.set(
    call.strategy,
    before.then(() => runTurn(call)),
  );
}

function runTurn({ strategy, req, options, actions }: Call): Promise<void> {
  return new Promise((resolve) => {
    const turn: Run = {};
    const end = (action: () => void): void => {
      turn.isOver = true;
      clearTimeout(timer);
      try {
        action();
      } finally {
        resolve();
      }
    };
    const fail = (reason: unknown): void => {
      end(() => {
        actions.error(reason);
      });
    };
    const timer = setTimeout(() => {
      fail(new Error(`No answer within 30 seconds. ${lostContext}`));
    }, longestTurn).unref();
    for (const name of actionNames) {
      const action = (...given: unknown[]): void => {
        const run = current.getStore();
        if (run === turn)
          end(() => {
            (actions[name] as (...all: unknown[]) => void)(...given);
          });
        else if (run?.again) run.again();
        else if (!run?.isOver) fail(new Error(lostContext));
      };
      setOwn(strategy, name, { value: action });
    }
    current.run(turn, () => {
      try {
        Promise.resolve(authenticateOf(strategy).call(strategy, req, options)).catch(fail);
      } catch (reason) {
        fail(toError(reason));
      }
    });
  });
}

const lostContext =
  'A strategy with #private members or a bound authenticate answered outside of the async context of its ' +
  'request, so that it ' +
  'cannot be told whose login it is: bind its callback by AsyncResource.bind, or make authenticate a method ' +
  'without #private members.';
