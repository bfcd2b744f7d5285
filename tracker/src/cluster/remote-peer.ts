// A client's connection at another node, as the rules of the tracker see it: like one of this node's own.
import type { Bucket, ByteBudget } from '@relay-swarm/net';
import { textFrame } from '@relay-swarm/net/ws-frame';
import type { RemoteLink } from '@relay-swarm/cluster';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { Protocol } from '../frontends/protocol.ts';
import { Priority, type Peer } from '../swarm/peer.ts';
import type { ProtocolLink } from '../transport/protocol-link.ts';
import { closeEntry } from './close-entry.ts';

export class RemotePeer implements ProtocolLink {
  readonly remote: RemoteLink;
  /** Its part of this node's byte budget; its share of the other node's is counted there. */
  readonly #holder: ReturnType<ByteBudget['open']>;
  peers: Peer[] = [];
  announceBucket: Bucket | undefined = undefined;
  /** Chosen by the first message, as for a connection of this node's own. */
  protocol: Protocol<RemotePeer> | undefined = undefined;

  constructor(remote: RemoteLink, budget: ByteBudget) {
    this.remote = remote;
    this.#holder = budget.open(remote.addressKey, () =>
      this.close(REFUSALS.connection_memory.close, REFUSALS.connection_memory.sentence),
    );
  }

  get addressKey(): string {
    return this.remote.addressKey;
  }

  get isOpen(): boolean {
    return this.remote.isOpen;
  }

  get isCongested(): boolean {
    return this.remote.isCongested;
  }

  get probedUntilMs(): number {
    return this.remote.openProbe;
  }

  send(frame: Buffer | string, priority: Priority = Priority.reply): boolean {
    const bytes = typeof frame === 'string' ? textFrame(frame) : frame;
    return this.remote.deliver(bytes, priority, priority === Priority.reply);
  }

  close(code: number, reason: string): void {
    this.remote.deliver(closeEntry(code, reason), CLOSE, true);
  }

  /** What was sent is at the other node in a moment; what its client reads is held back there. */
  whenDrained(callback: () => void): void {
    setImmediate(() => {
      if (this.isOpen) callback();
    });
  }

  probe(): void {
    this.remote.probe();
  }

  hold(bytes: number): boolean {
    return this.#holder.hold(bytes) === undefined;
  }

  release(bytes: number): void {
    this.#holder.release(bytes);
  }

  /** Nothing is held for it any more. */
  closed(): void {
    this.#holder.close();
  }

  /** The node that holds the connection has let it pay for the frame already. */
  pay(): void {
    // nothing to add
  }
}

/** Stands where a priority stands, and says that the bytes are no frame but a close code and its reason. */
export const CLOSE = 255;
