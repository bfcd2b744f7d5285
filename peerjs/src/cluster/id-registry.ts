// What the owner of an id knows: which client holds it, and which messages wait for it. Pure: the time is passed in.
import type { Delivery, OfflineLimits } from '../signaling/engine.ts';
import type { Relayed } from '../signaling/message.ts';
import { OfflineQueue } from '../signaling/offline-queue.ts';
import { relayedText } from '../signaling/words.ts';

/** A message on its way through the cluster. */
export interface Passing {
  readonly sender: string;
  readonly message: Relayed;
  readonly bytes: number;
  /** No two have the same: what comes to a client's node again is known by it. */
  readonly name: string;
}

/** A client, at this node or at another one. */
export interface Holder {
  /** Bytes that wait to be sent to it here; 0 for a client of another node. */
  readonly waitingBytes: number;
  /** It has the id. May be called more than once. */
  opened(): void;
  /** `name` is a message's; what the server says itself has none. */
  send(text: string, name?: string): void;
  /** Another one has the id. */
  end(reason: 'id_taken' | 'replaced'): void;
}

export interface Claim {
  readonly id: string;
  readonly token: string;
  /** When the client asked for the id, in Unix milliseconds: after a partition the owner is told by two nodes, in any order. */
  readonly sinceMs: number;
}

interface Held extends Claim {
  readonly holder: Holder;
}

export interface IdRegistryOptions {
  readonly offline: OfflineLimits;
  readonly expireMs: number;
  readonly waitingBytesMax: number;
}

export class IdRegistry {
  readonly #options: IdRegistryOptions;
  readonly #held = new Map<string, Held>();
  readonly #idsOf = new Map<Holder, string>();
  readonly #offline: OfflineQueue<Passing>;

  constructor(options: IdRegistryOptions) {
    this.#options = options;
    this.#offline = new OfflineQueue<Passing>({ ...options.offline, expireMs: options.expireMs });
  }

  get ids(): Iterable<string> {
    return this.#held.keys();
  }

  get queuedBytes(): number {
    return this.#offline.bytes;
  }

  holder(id: string): Holder | undefined {
    return this.#held.get(id)?.holder;
  }

  /**
   * Of two clients with the same token the later one gets the id, of two with different tokens the first one. The one that does not have it
   * is told. False where this client does not get it.
   */
  claim(holder: Holder, claim: Claim): boolean {
    const { id, token, sinceMs } = claim;
    const before = this.#held.get(id);
    if (before !== undefined && before.holder !== holder) {
      const isSame = before.token === token;
      // Within one millisecond the tokens decide, so that two owners, one after the other, decide alike.
      const isFirst = before.sinceMs < sinceMs || (before.sinceMs === sinceMs && before.token < token);
      const isKept = isSame ? sinceMs < before.sinceMs : isFirst;
      const loser = isKept ? holder : before.holder;
      if (!isKept) this.leave(before.holder);
      loser.end(isSame ? 'replaced' : 'id_taken');
      if (isKept) return false;
    }
    this.#held.set(id, { ...claim, holder });
    this.#idsOf.set(holder, id);
    holder.opened();
    for (const { message: passing } of this.#offline.take(id)) send(holder, passing);
    return true;
  }

  leave(holder: Holder): void {
    const id = this.#idsOf.get(holder);
    if (id === undefined) return;
    this.#idsOf.delete(holder);
    if (this.#held.get(id)?.holder === holder) this.#held.delete(id);
  }

  relay(passing: Passing, nowMs: number): Delivery {
    const { sender, message, bytes } = passing;
    const holder = this.holder(message.dst);
    if (holder !== undefined) {
      if (holder.waitingBytes > this.#options.waitingBytesMax) return 'receiver_slow';
      send(holder, passing);
      return 'delivered';
    }
    if (message.type === 'LEAVE') return 'dropped';
    return this.#offline.add(message.dst, { message: passing, sender }, bytes, nowMs)
      ? 'queued'
      : 'queue_full';
  }

  /** What waits for ids that are another node's now. */
  takeQueued(isMoved: (id: string) => boolean): readonly Passing[] {
    const moved = [...this.#offline.ids].filter(isMoved);
    return moved.flatMap((id) => this.#offline.take(id)).map(({ message: passing }) => passing);
  }

  expire(nowMs: number, expired: (peer: string, sender: string) => void): void {
    this.#offline.expire(nowMs, expired);
  }
}

const send = (holder: Holder, { sender, message, name }: Passing): void =>
  holder.send(relayedText(message, sender), name);
