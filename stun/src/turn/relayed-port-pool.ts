// The relayed addresses of one family: which ports are free, which are live, and the sockets behind them. Pure: sockets are
// opened by the function passed in.
import type { AddressFamily, TurnEngineOptions } from '../engine.ts';
import type { Relay } from './allocation.ts';
import { addressBytes, addressText, familyOf } from '../stun/ip-address.ts';
import { PortPool } from './free-ports.ts';
import type { OpenRelaySocket, RelaySocket } from './transport-ports.ts';

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

/** One pool for each announced address. Throws where one is no address, or where a family has two. */
export function createRelayPools(
  { relayAddresses, relayPortMin: portMin, relayPortMax: portMax, randomBytes }: TurnEngineOptions,
  open: OpenRelaySocket,
  onDatagram: RelayPoolOptions['onDatagram'],
): ReadonlyMap<AddressFamily, RelayPool> {
  const random = (below: number): number => randomBytes(4).readUInt32BE() % below;
  const pools = new Map<AddressFamily, RelayPool>();
  for (const { announced: text } of relayAddresses) {
    const bytes = addressBytes(text);
    if (bytes === undefined) throw new Error(`Cannot announce "${text}": wanted an IP address`);
    const family = familyOf(text);
    if (pools.has(family)) throw new Error(`Cannot announce ${text}: found a second IPv${family} address`);
    const announced = addressText(bytes);
    pools.set(family, new RelayPool({ family, announced, portMin, portMax, open, random, onDatagram }));
  }
  return pools;
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
    return this.#try(() => this.#ports.any(), 1)?.[0];
  }

  openEven(): Relay | undefined {
    return this.#try(() => this.#ports.even(false), 1)?.[0];
  }

  /** An even port and the next one. */
  openPair(): readonly Relay[] | undefined {
    return this.#try(() => this.#ports.even(true), 2);
  }

  close(relay: Relay): void {
    if (this.#live.get(relay.port) !== relay) return;
    this.#live.delete(relay.port);
    this.#ports.give(relay.port);
    relay.allocation = undefined;
    relay.socket.close();
  }

  /** Opens `count` ports from the picked one on. Ports that cannot be had are set aside, so that no try repeats another. */
  #try(pick: () => number | undefined, count: number): readonly Relay[] | undefined {
    const failed: number[] = [];
    let relays: readonly Relay[] | undefined;
    for (let tries = 0; tries < TRIES_MAX && relays === undefined; tries++) {
      const first = pick();
      if (first === undefined) break;
      const ports = Array.from({ length: count }, (_, step) => first + step);
      const opened = ports.map((port) => this.#openAt(port)).filter((relay) => relay !== undefined);
      if (opened.length === count) {
        relays = opened;
      } else {
        for (const { socket } of opened) socket.close();
        failed.push(...ports);
      }
    }
    for (const port of failed) this.#ports.give(port);
    for (const relay of relays ?? []) this.#live.set(relay.port, relay);
    return relays;
  }

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
    if (socket === undefined) return undefined;
    relay.socket = socket;
    return relay;
  }
}

const closedSocket: RelaySocket = { send: () => false, close: () => undefined };
