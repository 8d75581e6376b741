/** The JSON that a browser makes a passkey of: WebAuthn L3 §5.1.8, `PublicKeyCredentialCreationOptionsJSON`. */
export interface PasskeyCreationOptions {
  /** Random for this ceremony, in base64url. */
  readonly challenge: string;
  readonly [member: string]: unknown;
}

/** The JSON that a browser uses a passkey by: WebAuthn L3 §5.1.9, `PublicKeyCredentialRequestOptionsJSON`. */
export interface PasskeyRequestOptions {
  /** Random for this ceremony, in base64url. */
  readonly challenge: string;
  /** Names a step-up by a client without a session, which sends it back beside the answer; in no JSON. */
  readonly challengeToken?: string;
  readonly [member: string]: unknown;
}

/** A passkey, as browsers are told of it. */
export interface PasskeyDescriptor {
  /** The credential id, in base64url. */
  readonly id: string;
  /** How it is reached: `'internal'`, `'usb'`, `'hybrid'`. */
  readonly transports: readonly string[];
}

/** What is known of a passkey that was made just now. */
export interface CreatedPasskey extends PasskeyDescriptor {
  /** The COSE key, in base64url. */
  readonly publicKey: string;
  /** The signature counter. */
  readonly counter: number;
  /** Whether the authenticator has verified its user (UV). */
  readonly uv: boolean;
  /** Whether it may be synced (BE). It never changes. */
  readonly backupEligible: boolean;
  /** Whether it is synced (BS). */
  readonly backedUp: boolean;
  /** The kind of authenticator. */
  readonly aaguid: string;
  /** The same in words, where it is known. */
  readonly name?: string;
}

/** What an assertion says that was right. */
export interface PasskeyAssertion {
  /** The signature counter. */
  readonly counter: number;
  /** Whether the authenticator has verified its user (UV). */
  readonly uv: boolean;
  /** Whether it may be synced (BE). */
  readonly backupEligible: boolean;
  /** Whether it is synced (BS). */
  readonly backedUp: boolean;
}

/** What has to be shown for a passkey to be accepted for nothing more than its possession. */
export type PasskeyUserVerification = 'required' | 'preferred' | 'discouraged';

/**
 * The ceremonies of WebAuthn, as `passkeys()` of `passport-two-factor/webauthn` makes them for the option `passkeys`.
 * The library decides which challenge, account and credential they are about, and what their outcome is worth.
 */
export interface Passkeys {
  /** The domain that passkeys are bound to. */
  readonly rpId: string;
  /** What a signature counter that goes back means: an event, or a refusal. */
  readonly counter: 'event' | 'refuse';
  /** Whether the user must keep a passkey once there is one. */
  readonly mustKeepOne: boolean | ((user: Express.User) => boolean | Promise<boolean>);
  /** What the browser makes a passkey of. */
  readonly creationOptions: (asked: {
    readonly challenge: string;
    readonly user: { readonly handle: string; readonly name: string };
    readonly exclude: readonly PasskeyDescriptor[];
  }) => Promise<PasskeyCreationOptions>;
  /** Undefined for a response that is not right: it answers one of these challenges. */
  readonly readCreation: (response: object, challenges: readonly string[]) => Promise<CreatedPasskey | undefined>;
  /** What the browser uses a passkey by. */
  readonly requestOptions: (asked: {
    readonly challenge: string;
    /** Empty: any discoverable one. */
    readonly allow: readonly PasskeyDescriptor[];
    /** Default: that of the option. */
    readonly userVerification?: PasskeyUserVerification;
  }) => Promise<PasskeyRequestOptions>;
  /** Undefined for a response that is not right. */
  readonly readAssertion: (
    response: object,
    given: { readonly challenges: readonly string[]; readonly credential: Pick<CreatedPasskey, 'id' | 'publicKey'> },
  ) => Promise<PasskeyAssertion | undefined>;
}

/** What a browser is told of the passkeys that count, for it to forget the others: `signalAllAcceptedCredentials`. */
export interface AcceptedPasskeys {
  /** The domain that they are bound to. */
  readonly rpId: string;
  /** The user handle, in base64url. */
  readonly userId: string;
  /** Credential ids, in base64url. */
  readonly allAcceptedCredentialIds: readonly string[];
}
