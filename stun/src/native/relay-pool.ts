// The relayed addresses of one family: which ports are free, which are live, and the sockets behind them. Pure: sockets are
// opened by the function passed in.
import type { AddressFamily } from '../engine.ts';
import type { Relay } from './allocation.ts';
import { PortPool } from './port-pool.ts';
import type { OpenRelaySocket, RelaySocket } from './world.ts';

/** Ports that another program holds are tried no more often than this for one Allocate. */
const TRIES_MAX = 4;

export interface RelayPoolOptions {
  readonly family: AddressFamily;
  /** As clients and peers know it. */
  readonly announced: string;
  readonly portMin: number;
  readonly portMax: number;
  readonly open: OpenRelaySocket;
  readonly random: (below: number) => number;
  readonly onDatagram: (relay: Relay, data: Buffer, address: string, port: number) => void;
}

export class RelayPool {
  readonly family: AddressFamily;
  readonly announced: string;
  readonly #options: RelayPoolOptions;
  readonly #ports: PortPool;
  readonly #live = new Map<number, Relay>();

  constructor(options: RelayPoolOptions) {
    this.family = options.family;
    this.announced = options.announced;
    this.#options = options;
    this.#ports = new PortPool(options.portMin, options.portMax, options.random);
  }

  get free(): number {
    return this.#ports.free;
  }

  /** The relay that has this port now. */
  at(port: number): Relay | undefined {
    return this.#live.get(port);
  }

  open(): Relay | undefined {
    return this.#try(
      () => this.#ports.any(),
      (port) => this.#openAt(port),
    );
  }

  openEven(): Relay | undefined {
    return this.#try(
      () => this.#ports.even(false),
      (port) => this.#openAt(port),
    );
  }

  /** An even port and the next one. */
  openPair(): readonly [Relay, Relay] | undefined {
    return this.#try(
      () => this.#ports.even(true),
      (port) => {
        const even = this.#openAt(port);
        const odd = this.#openAt(port + 1);
        if (even !== undefined && odd !== undefined) return [even, odd];
        if (even !== undefined) this.close(even);
        if (odd !== undefined) this.close(odd);
        return undefined;
      },
    );
  }

  close(relay: Relay): void {
    if (this.#live.get(relay.port) !== relay) return;
    this.#live.delete(relay.port);
    this.#ports.give(relay.port);
    relay.allocation = undefined;
    relay.socket.close();
  }

  closeAll(): void {
    for (const relay of this.#live.values()) this.close(relay);
  }

  #try<T>(pick: () => number | undefined, open: (port: number) => T | undefined): T | undefined {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const port = pick();
      if (port === undefined) return undefined;
      const opened = open(port);
      if (opened !== undefined) return opened;
    }
    return undefined;
  }

  /** The port has been taken from the pool; it goes back where it cannot be bound. */
  #openAt(port: number): Relay | undefined {
    const { family, open, onDatagram } = this.#options;
    const relay: Relay = {
      family,
      pool: this,
      port,
      socket: closedSocket,
      allocation: undefined,
      expiresAtMs: 0,
    };
    const socket = open(family, port, (data, address, from) => onDatagram(relay, data, address, from));
    if (socket === undefined) {
      this.#ports.give(port);
      return undefined;
    }
    relay.socket = socket;
    this.#live.set(port, relay);
    return relay;
  }
}

const closedSocket: RelaySocket = { send: () => false, close: () => undefined };
