// Messages as they travel: in an envelope, and sealed with the room's key where it has a password.
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { readEnvelope, writeEnvelope, type Envelope } from './envelope.ts';
import { MeshError } from './errors.ts';
import type { RoomSecrets } from './room-secrets.ts';

export class SealedMessages {
  /** Undefined: the room has no password, and nothing is sealed. */
  readonly #secrets: RoomSecrets | undefined;
  readonly #bytesMax: number;
  /** Opening takes a moment; messages of one source stay in their order nevertheless. */
  #order: Promise<void> = Promise.resolve();

  constructor(secrets: RoomSecrets | undefined, bytesMax: number) {
    this.#secrets = secrets;
    this.#bytesMax = bytesMax;
  }

  /** Throws MeshError TOO_LONG. */
  async write(envelope: Envelope): Promise<Uint8Array> {
    const plain = writeEnvelope(envelope);
    if (plain.length > this.#bytesMax) {
      throw new MeshError('TOO_LONG', `Cannot send ${plain.length} bytes: the most is ${this.#bytesMax}`);
    }
    return this.#secrets ? this.#secrets.seal(plain) : plain;
  }

  /** Hands over what can be read; the rest is of a stranger, of a newer version, or hostile. */
  read(payload: Uint8Array, take: (envelope: Envelope) => void): void {
    const open = (plain: Uint8Array): void => {
      const envelope = readable(plain);
      if (envelope) take(envelope);
    };
    if (!this.#secrets) {
      open(payload);
      return;
    }
    const opened = this.#secrets.open(payload);
    this.#order = this.#order.then(async () => {
      const plain = await opened;
      if (plain) open(plain);
    });
  }
}

function readable(plain: Uint8Array): Envelope | undefined {
  try {
    return readEnvelope(plain);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
