// One socket for each relay that somebody on the page uses, shared by all of them; what the sockets see goes into the roster.
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { ClientError } from './errors.ts';
import { RelaySocket, type DownReason, type SocketLike, type SocketPorts } from './relay-socket.ts';
import type { Roster } from './roster.ts';

interface Held {
  readonly socket: RelaySocket;
  holders: number;
}

export class RelaySockets {
  readonly #roster: Roster;
  readonly #ports: SocketPorts;
  readonly #held = new Map<string, Held>();
  readonly #reasons = new Map<string, DownReason>();

  constructor(roster: Roster, ports: SocketPorts = pagePorts()) {
    this.#roster = roster;
    this.#ports = ports;
    roster.signal.addEventListener('abort', () => this.close(), { once: true });
    // Back on a network: whoever waits tries at once. Node's globalThis is no EventTarget.
    (globalThis as { addEventListener?: typeof addEventListener }).addEventListener?.(
      'online',
      () => this.retry(),
      {
        signal: roster.signal,
      },
    );
  }

  /** The page's sockets for this roster. */
  static of(roster: Roster): RelaySockets {
    const found = sockets.get(roster) ?? new RelaySockets(roster);
    sockets.set(roster, found);
    return found;
  }

  /** The socket of this relay; `release()` as often as this. */
  hold(relay: RosterRelay): RelaySocket {
    const found = this.#held.get(relay.id) ?? { socket: this.#open(relay), holders: 0 };
    this.#held.set(relay.id, found);
    found.holders += 1;
    return found.socket;
  }

  release(relay: { readonly id: string }): void {
    const held = this.#held.get(relay.id);
    if (held === undefined || --held.holders > 0) return;
    this.#held.delete(relay.id);
    held.socket.close();
  }

  /** Why this relay was last seen to be down. */
  reasonOf(relay: { readonly id: string }): DownReason | undefined {
    return this.#reasons.get(relay.id);
  }

  retry(): void {
    for (const { socket } of this.#held.values()) socket.retry();
  }

  close(): void {
    for (const { socket } of this.#held.values()) socket.close();
    this.#held.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #open(relay: RosterRelay): RelaySocket {
    const socket = new RelaySocket(relay.url, this.#ports);
    socket.on('down', ({ reason }) => {
      this.#reasons.set(relay.id, reason);
      this.#roster.report(relay, false);
    });
    socket.on('up', () => {
      this.#reasons.delete(relay.id);
      this.#roster.report(relay, true);
    });
    socket.on('pong', ({ ms }) => this.#roster.measured(relay, ms));
    return socket;
  }
}

const sockets = new WeakMap<Roster, RelaySockets>();

export function pagePorts(): SocketPorts {
  return {
    open: (url) => {
      const { WebSocket } = globalThis as { WebSocket?: new (url: string) => unknown };
      if (WebSocket === undefined)
        throw new ClientError(
          'UNSUPPORTED',
          'Cannot connect: this platform has no WebSocket (Node has one from version 22)',
        );
      return new WebSocket(url) as SocketLike;
    },
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    now: Date.now,
    random: Math.random,
  };
}
