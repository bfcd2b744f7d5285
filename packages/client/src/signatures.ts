// Ed25519 (RFC 8032) by the platform's WebCrypto, where it has it: Chromium, Firefox and Node do; pages over plain http: have no crypto.subtle.

export interface PeerKey {
  /** Raw, 32 bytes, in hex. */
  readonly publicKey: string;
  sign(text: string): Promise<string>;
}

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hexOf = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Whether the signature is right; undefined where this platform cannot tell. */
export async function verifyEd25519(
  publicKey: string,
  signature: string,
  text: string,
): Promise<boolean | undefined> {
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  if (subtle === undefined) return undefined;
  let key: CryptoKey;
  try {
    key = await subtle.importKey('raw', bytesOf(publicKey), 'Ed25519', false, ['verify']);
  } catch (error) {
    // A platform without Ed25519 says NotSupportedError; 32 bytes that are no point of the curve are a wrong key.
    return (error as Error).name === 'NotSupportedError' ? undefined : false;
  }
  return subtle.verify('Ed25519', key, bytesOf(signature), new TextEncoder().encode(text));
}

/** A new key that never leaves the platform. Undefined where there is no Ed25519. */
export async function makePeerKey(): Promise<PeerKey | undefined> {
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  if (subtle === undefined) return undefined;
  try {
    const pair = await subtle.generateKey('Ed25519', false, ['sign', 'verify']);
    return {
      publicKey: hexOf(await subtle.exportKey('raw', pair.publicKey)),
      sign: async (text) =>
        hexOf(await subtle.sign('Ed25519', pair.privateKey, new TextEncoder().encode(text))),
    };
  } catch {
    return undefined; // no Ed25519: the caller takes a proof instead
  }
}

/** SHA-256 of these bytes (or of those that the hex stands for), in hex. */
export async function peerIdOf(bytes: string | Uint8Array<ArrayBuffer>): Promise<string> {
  return hexOf(await crypto.subtle.digest('SHA-256', typeof bytes === 'string' ? bytesOf(bytes) : bytes));
}
