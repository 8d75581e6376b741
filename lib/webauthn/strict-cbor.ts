/**
 * Where the CBOR item at `start` ends (RFC 8949). Decoders forgive what is cut short, and would keep half a key.
 * @throws RangeError for an item that is cut short, nested deeply, or of indefinite length
 */
export function endOfCbor(bytes: Buffer, start: number, depth = 0): number {
  if (depth > 8) throw new RangeError('CBOR that is nested too deeply.');
  const initial = bytes.readUInt8(start);
  const major = initial >> 5;
  const { value, end } = argumentOf(bytes, start, initial & 0x1f);
  if (major === 2 || major === 3) {
    if (end + value > bytes.length) throw new RangeError('CBOR that is cut short.');
    return end + value;
  }
  const items = major === 4 ? value : major === 5 ? 2 * value : major === 6 ? 1 : 0;
  let at = end;
  for (let item = 0; item < items; item += 1) at = endOfCbor(bytes, at, depth + 1);
  return at;
}

function argumentOf(bytes: Buffer, start: number, info: number): { readonly value: number; readonly end: number } {
  if (info < 24) return { value: info, end: start + 1 };
  if (info > 27) throw new RangeError('CBOR of indefinite length.');
  const size = 2 ** (info - 24);
  const value = size === 8 ? Number(bytes.readBigUInt64BE(start + 1)) : bytes.readUIntBE(start + 1, size);
  return { value, end: start + 1 + size };
}

/** RP ID hash, flags, counter, AAGUID and the length of the credential id (WebAuthn L3 §6.1, §6.5.1). */
const beforeId = 32 + 1 + 4 + 16 + 2;

/** Whether an attestation object is whole: one item, whose key is whole too. */
export function isWhole(attestationObject: Buffer, authData: Buffer): boolean {
  const key = beforeId + authData.readUInt16BE(beforeId - 2);
  return endOfCbor(attestationObject, 0) === attestationObject.length && endOfCbor(authData, key) <= authData.length;
}
