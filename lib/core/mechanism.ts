/** The mechanisms that a user enrols. Backup codes are no mechanism of their own: they stand in for any of these. */
export enum TwoFactorMechanism {
  /** An authenticator app: RFC 6238 with SHA-1, 6 digits, 30 seconds. */
  TOTP = 1,
  /** A code sent by e-mail. */
  EMAIL = 2,
  /** A code sent by text message. */
  SMS = 3,
}

/** @internal */
export const mechanisms = [TwoFactorMechanism.TOTP, TwoFactorMechanism.EMAIL, TwoFactorMechanism.SMS] as const;

/** The two mechanisms whose code is sent to the user. */
export type DeliveredMechanism = TwoFactorMechanism.EMAIL | TwoFactorMechanism.SMS;

/** How a method is named in a request's body, in events and in the marks. */
export type MethodName = 'totp' | 'email' | 'sms' | 'backup_code';

/** @internal */
export const methodNames = {
  [TwoFactorMechanism.TOTP]: 'totp',
  [TwoFactorMechanism.EMAIL]: 'email',
  [TwoFactorMechanism.SMS]: 'sms',
} as const satisfies Record<TwoFactorMechanism, MethodName>;
