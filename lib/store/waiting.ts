import * as timers from 'node:timers';

// Taken when the module is loaded: a test that fakes timers must not hang where only the database is waited for.
const { setTimeout, clearTimeout } = timers;

/** Real milliseconds, for waits on the database alone; the time of codes and attempts comes from the app's clock. */
export const now = performance.now.bind(performance);

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/**
 * What the promise gives, or `tooLate()` thrown where it takes longer. The promise goes on: its end is the caller's
 * to mind.
 */
export function within<T>(promise: Promise<T>, milliseconds: number, tooLate: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(tooLate());
    }, milliseconds);
    timer.unref();
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
