// How a Graffiti connection begins (PROTOCOL.md): a peer shows its secret, or signs a challenge. Pure; random text is passed in.
import {
  graffitiChallenge,
  graffitiHelloText,
  isGraffitiProof,
  readGraffitiHello,
  readGraffitiSignature,
  resemblesGraffitiProof,
  webSocketOrigin,
} from '@relay-swarm/protocol';
import { hasSigned, peerIdOfKey, peerIdOfProof } from './credentials.ts';

export interface HandshakeOptions {
  /** Where clients connect to, `wss://…`; without it only the old handshake is possible. */
  readonly relayUrl: string | undefined;
  readonly randomHex: (bytes: number) => string;
}

export type HandshakeRefusal = 'bad_proof' | 'bad_key' | 'bad_signature' | 'relay_without_url';

/** What the signature must be over, and by whom. */
export interface Challenged {
  readonly publicKey: string;
  readonly text: string;
}

export type HandshakeStep =
  | { readonly peerId: string }
  | { readonly challenged: Challenged; readonly frame: string }
  | { readonly refusal: HandshakeRefusal; readonly detail: string };

/** A handshake frame is far shorter. */
const FIRST_FRAME_BYTES_MAX = 1024;

/** Whether a connection that begins with this frame means to speak Graffiti, well or badly. */
export function isFirstFrame(frame: Buffer): boolean {
  if (frame.length > FIRST_FRAME_BYTES_MAX) return false;
  const text = frame.toString('utf8');
  return resemblesGraffitiProof(text) || (text.includes('hello') && readGraffitiHello(text) !== undefined);
}

export class Handshake {
  readonly #randomHex: (bytes: number) => string;
  readonly #relayOrigin: string | undefined;

  constructor({ relayUrl, randomHex }: HandshakeOptions) {
    this.#randomHex = randomHex;
    this.#relayOrigin = relayUrl === undefined ? undefined : webSocketOrigin(relayUrl);
  }

  begin(firstFrame: string): HandshakeStep {
    const publicKey = readGraffitiHello(firstFrame);
    if (publicKey !== undefined) return this.#challenge(publicKey);
    if (isGraffitiProof(firstFrame)) return { peerId: peerIdOfProof(firstFrame) };
    return { refusal: 'bad_proof', detail: 'invalid peer proof' };
  }

  finish(frame: string, { publicKey, text }: Challenged): HandshakeStep {
    const signature = readGraffitiSignature(frame);
    return signature !== undefined && hasSigned(publicKey, signature, text)
      ? { peerId: peerIdOfKey(publicKey) }
      : { refusal: 'bad_signature', detail: 'invalid signature' };
  }

  #challenge(publicKey: string): HandshakeStep {
    if (publicKey === '') return { refusal: 'bad_key', detail: 'invalid public key' };
    if (this.#relayOrigin === undefined)
      return {
        refusal: 'relay_without_url',
        detail: 'this relay does not know its URL, so it cannot challenge',
      };
    const challenge = this.#randomHex(32);
    const text = graffitiHelloText(challenge, this.#relayOrigin);
    return { challenged: { publicKey, text }, frame: graffitiChallenge(challenge) };
  }
}
