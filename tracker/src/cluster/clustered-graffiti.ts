// Graffiti on several nodes: all of it lives on one of them, the first owner, to which the others pass their connections' frames.
// So no event comes twice or is missing. Where that may have happened, the connection is closed and its client begins again.
import type { Cluster, ClusterEvents, Edge } from '@relay-swarm/cluster';
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { Graffiti } from '../frontends/graffiti/graffiti.ts';
import type { Frontend, Protocol } from '../frontends/protocol.ts';
import type { Connection } from '../transport/connection.ts';

export interface ClusteredGraffitiOptions {
  readonly graffiti: Graffiti;
  readonly cluster: Cluster;
  readonly edge: Edge<Connection>;
}

export class ClusteredGraffiti implements Frontend<Connection>, ClusterEvents {
  readonly #options: ClusteredGraffitiOptions;
  /** Open connections, and the node that serves each. */
  readonly #servedBy = new Map<Connection, string>();

  constructor(options: ClusteredGraffitiOptions) {
    this.#options = options;
    options.cluster.listen(this);
  }

  recognizes(firstFrame: Buffer): boolean {
    return this.#options.graffiti.recognizes(firstFrame);
  }

  open(connection: Connection): Protocol<Connection> {
    const { graffiti, cluster, edge } = this.#options;
    const node = cluster.firstOwner;
    this.#servedBy.set(connection, node);
    const own = node === cluster.node ? graffiti.open(connection) : undefined;
    return {
      receive: (link, frame, nowMs) => {
        if (own !== undefined) return own.receive(link, frame, nowMs);
        edge.forward(link, node, frame);
        return true;
      },
      closed: (link, nowMs) => {
        this.#servedBy.delete(link);
        own?.closed(link, nowMs);
        edge.closed(link);
      },
      isIdle: () => own?.isIdle() ?? false,
    };
  }

  ownersChanged(): void {
    const { firstOwner } = this.#options.cluster;
    this.#end((node) => node !== firstOwner);
  }

  voided(node: string): void {
    this.#end((serving) => serving === node);
  }

  tellAnew(node: string): void {
    this.#end((serving) => serving === node);
  }

  lost(node: string): void {
    this.#end((serving) => serving === node);
  }

  entry(): void {
    // The edge delivers what comes.
  }

  #end(isOver: (node: string) => boolean): void {
    for (const [connection, node] of this.#servedBy)
      if (isOver(node)) connection.close(REFUSALS.moved.close, REFUSALS.moved.sentence);
  }
}
