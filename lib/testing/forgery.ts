/** What an answer says in place of the truth: for hostile answers. */
export interface Forgery {
  /** Of the page. */
  readonly origin?: string;
  /** The domain that is signed. */
  readonly rpId?: string;
  /** In base64url. */
  readonly challenge?: string;
  /** `'webauthn.create'` or `'webauthn.get'`. */
  readonly type?: string;
  /** Whether another site's page is around. */
  readonly crossOrigin?: boolean;
  /** In base64url. */
  readonly userHandle?: string;
  /** In base64url. */
  readonly credentialId?: string;
  /** The signature counter. */
  readonly counter?: number;
  /** The whole byte (WebAuthn L3 §6.1). */
  readonly flags?: number;
  /** Changes the bytes that are signed. */
  readonly authenticatorData?: (bytes: Buffer) => Buffer;
  /** Changes the signature. */
  readonly signature?: (bytes: Buffer) => Buffer;
  /** Changes the CBOR that is sent. */
  readonly attestationObject?: (bytes: Buffer) => Buffer;
}
