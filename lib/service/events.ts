import { EventEmitter } from 'node:events';
import type { MethodName } from '../core/methods.js';
import type { TwoFactorMechanism } from '../core/methods.js';

/** What happened to a user's second factor. It never holds a code, a secret or a contact. */
export interface TwoFactorEvent {
  /** As `users.id` gives it. */
  readonly userId: string;
  /** Absent for a backup code, and where a wrong code fitted several mechanisms. */
  readonly mechanism?: TwoFactorMechanism;
  /** The same, backup codes included. */
  readonly method?: MethodName;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Unused backup codes that are left; with `backupCodeUsed` and `backupCodesRegenerated`. */
  readonly remainingBackupCodes?: number;
  /** Epoch milliseconds until which no code is looked at; with `locked`. */
  readonly lockedUntil?: number;
  /** Who has become this user; with `impersonated`. */
  readonly by?: string;
  /** Why; with `impersonated`. */
  readonly reason?: string;
}

/** What `service.on` tells of. */
export type TwoFactorEventName =
  | 'enrolled'
  | 'verified'
  | 'failed'
  | 'locked'
  | 'disabled'
  | 'backupCodeUsed'
  | 'backupCodesRegenerated'
  | 'challenged'
  | 'standingsEnded'
  | 'unreadable'
  | 'forgotten'
  | 'impersonated'
  | 'counterWentBack';

/** Called after the fact; what it returns is ignored. */
export type TwoFactorListener = (event: TwoFactorEvent) => unknown;

/** @internal An emitter whose listeners cannot break a login: one that throws or rejects becomes a process warning. */
export class EventHub {
  private readonly emitter = new EventEmitter();

  on(name: TwoFactorEventName, listener: TwoFactorListener): void {
    this.emitter.on(name, listener);
  }

  off(name: TwoFactorEventName, listener: TwoFactorListener): void {
    this.emitter.off(name, listener);
  }

  emit(name: TwoFactorEventName, event: TwoFactorEvent): void {
    for (const listener of this.emitter.listeners(name)) {
      // Through a promise, so that a listener's throw and its rejection end in the same place.
      void Promise.resolve(event)
        .then((given) => (listener as TwoFactorListener)(given))
        .catch((error: unknown) => {
          process.emitWarning(error instanceof Error ? error : String(error), 'TwoFactorListenerWarning');
        });
    }
  }
}
