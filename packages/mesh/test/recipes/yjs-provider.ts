// A Yjs provider over a room: updates and awareness by broadcast, and what a newcomer has missed by a request to one member.
// An example to copy; packages/mesh/README.md shows how it is used.
import {
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
  type Awareness,
} from 'y-protocols/awareness';
import { applyUpdate, encodeStateAsUpdate, encodeStateVector, type Doc } from 'yjs';
import type { Room } from '../../src/room.ts';

const UPDATE = 'yjs-update';
const AWARENESS = 'yjs-awareness';
const SYNC = 'yjs-sync';

export class MeshProvider {
  readonly #room: Room;
  readonly #doc: Doc;
  readonly #awareness: Awareness;
  readonly #ends: (() => void)[] = [];

  constructor(room: Room, doc: Doc, awareness: Awareness) {
    this.#room = room;
    this.#doc = doc;
    this.#awareness = awareness;
    const update = (change: Uint8Array, origin: unknown): void => {
      if (origin !== this) void room.broadcast(change, { channel: UPDATE });
    };
    const aware = (
      { added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>,
      origin: unknown,
    ): void => {
      if (origin !== this) this.#tell([...added, ...updated, ...removed]);
    };
    doc.on('update', update);
    awareness.on('update', aware);
    this.#ends.push(
      () => doc.off('update', update),
      () => awareness.off('update', aware),
      room.onRequest(SYNC, (theirs) => encodeStateAsUpdate(doc, theirs as Uint8Array)),
      room.on('message', ({ channel, data }) => {
        if (!(data instanceof Uint8Array)) return;
        if (channel === UPDATE) applyUpdate(doc, data, this);
        if (channel === AWARENESS) applyAwarenessUpdate(awareness, data, this);
      }),
      // Both ask each other: whoever was alone for a while has something to tell too
      room.on('memberjoined', ({ id }) => void this.sync(id)),
    );
    for (const id of room.members) void this.sync(id);
  }

  /** Fetches what this member has and we have not. Repeating it does no harm: updates are idempotent. */
  async sync(id: string): Promise<void> {
    try {
      const missing = await this.#room.request(id, encodeStateVector(this.#doc), { channel: SYNC });
      applyUpdate(this.#doc, missing as Uint8Array, this);
      this.#tell([this.#doc.clientID]);
    } catch {
      // It has left meanwhile, or does not edit this document
    }
  }

  destroy(): void {
    removeAwarenessStates(this.#awareness, [this.#doc.clientID], 'left');
    for (const end of this.#ends) end();
  }

  #tell(clients: number[]): void {
    const change = encodeAwarenessUpdate(this.#awareness, clients);
    this.#room.broadcast(change, { channel: AWARENESS }).catch(() => undefined); // the room has been left
  }
}
