// The relayed addresses of one family: which ports are free, which are live, and the sockets behind them. Pure: sockets are
// opened by the function passed in.
import type { AddressFamily, TurnEngineOptions } from '../engine.ts';
import type { RelayedAddress } from './allocation.ts';
import { addressBytes, addressText, familyOf } from '@relay-swarm/net/ip';
import { FreePorts } from './free-ports.ts';
import type { OpenRelaySocket, RelaySocket } from './transport-ports.ts';

/** Ports that another program holds are tried no more often than this for one Allocate. */
const TRIES_MAX = 4;

export interface RelayedPortPoolOptions {
  readonly family: AddressFamily;
  /** As clients and peers know it. */
  readonly announced: string;
  readonly portMin: number;
  readonly portMax: number;
  readonly open: OpenRelaySocket;
  readonly random: (below: number) => number;
  readonly onDatagram: (relayed: RelayedAddress, data: Buffer, address: string, port: number) => void;
}

/** One pool for each announced address. Throws where one is no address, or where a family has two. */
export function createRelayedPortPools(
  { relayHosts, relayPortMin: portMin, relayPortMax: portMax, randomBytes }: TurnEngineOptions,
  open: OpenRelaySocket,
  onDatagram: RelayedPortPoolOptions['onDatagram'],
): ReadonlyMap<AddressFamily, RelayedPortPool> {
  const random = (below: number): number => randomBytes(4).readUInt32BE() % below;
  const pools = new Map<AddressFamily, RelayedPortPool>();
  for (const { announced: text } of relayHosts) {
    const bytes = addressBytes(text);
    if (bytes === undefined) throw new Error(`Cannot announce "${text}": wanted an IP address`);
    const family = familyOf(text);
    if (pools.has(family)) throw new Error(`Cannot announce ${text}: found a second IPv${family} address`);
    const announced = addressText(bytes);
    pools.set(family, new RelayedPortPool({ family, announced, portMin, portMax, open, random, onDatagram }));
  }
  return pools;
}

export class RelayedPortPool {
  readonly family: AddressFamily;
  readonly announced: string;
  readonly #options: RelayedPortPoolOptions;
  readonly #ports: FreePorts;
  readonly #live = new Map<number, RelayedAddress>();

  constructor(options: RelayedPortPoolOptions) {
    this.family = options.family;
    this.announced = options.announced;
    this.#options = options;
    this.#ports = new FreePorts(options.portMin, options.portMax, options.random);
  }

  get free(): number {
    return this.#ports.free;
  }

  /** The relay that has this port now. */
  at(port: number): RelayedAddress | undefined {
    return this.#live.get(port);
  }

  open(): RelayedAddress | undefined {
    return this.#try(() => this.#ports.any(), 1)?.[0];
  }

  openEven(): RelayedAddress | undefined {
    return this.#try(() => this.#ports.even(false), 1)?.[0];
  }

  /** An even port and the next one. */
  openPair(): readonly RelayedAddress[] | undefined {
    return this.#try(() => this.#ports.even(true), 2);
  }

  close(relayed: RelayedAddress): void {
    if (this.#live.get(relayed.port) !== relayed) return;
    this.#live.delete(relayed.port);
    this.#ports.give(relayed.port);
    relayed.allocation = undefined;
    relayed.socket.close();
  }

  /** Opens `count` ports from the picked one on. Ports that cannot be bound are set aside, so that they are not tried again. */
  #try(pick: () => number | undefined, count: number): readonly RelayedAddress[] | undefined {
    const failed: number[] = [];
    let relayedAddresses: readonly RelayedAddress[] | undefined;
    for (let tries = 0; tries < TRIES_MAX && relayedAddresses === undefined; tries++) {
      const first = pick();
      if (first === undefined) break;
      const ports = Array.from({ length: count }, (_, step) => first + step);
      const opened = ports.map((port) => this.#openAt(port)).filter((relayed) => relayed !== undefined);
      if (opened.length === count) {
        relayedAddresses = opened;
      } else {
        for (const { socket } of opened) socket.close();
        failed.push(...ports);
      }
    }
    for (const port of failed) this.#ports.give(port);
    for (const relayed of relayedAddresses ?? []) this.#live.set(relayed.port, relayed);
    return relayedAddresses;
  }

  #openAt(port: number): RelayedAddress | undefined {
    const { family, open, onDatagram } = this.#options;
    const relayed: RelayedAddress = {
      family,
      pool: this,
      port,
      socket: closedSocket,
      allocation: undefined,
      expiresAtMs: 0,
    };
    const socket = open(family, port, (data, address, from) => onDatagram(relayed, data, address, from));
    if (socket === undefined) return undefined;
    relayed.socket = socket;
    return relayed;
  }
}

const closedSocket: RelaySocket = { send: () => false, close: () => undefined };
