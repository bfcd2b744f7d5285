// A transport with a gate in it: what the gate does not let through is lost, and nobody is told, as in a network that has fallen into parts.
import type { CreateTransport } from '@relay-swarm/mesh';

export const gated =
  (create: CreateTransport, isCut: (self: string, peer: string) => boolean): CreateTransport =>
  (self, events) => {
    const inner = create(self, {
      accepts: (peer, isBridge) => !isCut(self, peer) && events.accepts(peer, isBridge),
      signal: (to, signal) => {
        if (!isCut(self, to)) events.signal(to, signal);
      },
      opened: (peer) => events.opened(peer),
      closed: (peer) => events.closed(peer),
      failed: (peer) => events.failed(peer),
      received: (peer, bytes) => {
        if (!isCut(self, peer)) events.received(peer, bytes);
      },
      drained: (peer) => events.drained(peer),
    });
    return {
      dial: (peer, isBridge) => {
        if (isCut(self, peer)) queueMicrotask(() => events.failed(peer));
        else inner.dial(peer, isBridge);
      },
      signalled: (from, signal) => {
        if (!isCut(self, from)) inner.signalled(from, signal);
      },
      send: (peer, bytes) => {
        if (isCut(self, peer)) queueMicrotask(() => events.drained(peer));
        else inner.send(peer, bytes);
      },
      close: (peer) => inner.close(peer),
      stop: () => inner.stop(),
    };
  };
