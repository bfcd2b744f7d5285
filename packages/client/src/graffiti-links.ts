// One Graffiti connection to each relay, shared by all info hashes of a client: a relay has room for a peer id but once.
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { GraffitiLink, type GraffitiIdentity, type LinkEvents } from './graffiti-link.ts';
import type { SocketPorts } from './relay-socket.ts';

export class GraffitiLinks {
  readonly #identity: GraffitiIdentity;
  readonly #links = new Map<string, GraffitiLink>();
  readonly ports: SocketPorts;

  constructor(identity: GraffitiIdentity, ports: SocketPorts) {
    this.#identity = identity;
    this.ports = ports;
  }

  /** The connection to this relay; `add()` a listener, and `release()` it in the end. */
  get(relay: RosterRelay): GraffitiLink {
    const link = this.#links.get(relay.id) ?? new GraffitiLink(relay.url, this.#identity, this.ports);
    this.#links.set(relay.id, link);
    return link;
  }

  /** The last one out closes it. */
  release(relay: { readonly id: string }, listener: LinkEvents): void {
    const link = this.#links.get(relay.id);
    if (link === undefined || link.remove(listener)) return;
    this.#links.delete(relay.id);
    link.close();
  }
}
