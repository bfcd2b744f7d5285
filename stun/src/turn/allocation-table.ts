// All allocations of the server: makes and ends them, within quotas and the ports there are (RFC 8656 §7). Pure.
import type { AddressFamily, TurnEngineOptions } from '../engine.ts';
import { Allocation, type Relay } from './allocation.ts';
import type { Authenticated } from '../auth/authenticator.ts';
import { bucketsOf, type TokenBucket } from './bandwidth.ts';
import type { Counters } from './counters.ts';
import { Quotas, type Account } from './quotas.ts';
import type { RelayPool } from './relayed-port-pool.ts';
import { RESERVATION_MS, RESERVATION_TOKEN_BYTES } from '../stun/constants.ts';
import type { Client } from './transport-ports.ts';

/** What an Allocate asks for. */
export interface Wish {
  /** The first must be had; a second one (dual allocation) may fail. */
  readonly families: readonly [AddressFamily] | readonly [AddressFamily, AddressFamily];
  readonly port: 'any' | 'even' | 'evenAndReserveNext';
  /** Takes the relay reserved under this token (hex). */
  readonly token: string | undefined;
  readonly lifetimeMs: number;
}

export interface Granted {
  readonly allocation: Allocation;
  readonly token: Buffer | undefined;
  readonly missing: readonly AddressFamily[];
}

/** A relay held for whoever brings the token; it counts against its owner's quota. */
interface Reservation {
  readonly relay: Relay;
  readonly account: Account;
  readonly address: string;
  readonly expiresAtMs: number;
}

export class AllocationTable {
  isDraining = false;
  readonly allocations = new Set<Allocation>();
  readonly quotas: Quotas;
  readonly #options: TurnEngineOptions;
  readonly #pools: ReadonlyMap<AddressFamily, RelayPool>;
  readonly #counters: Counters;
  readonly #reservations = new Map<string, Reservation>();
  /** The server's own buckets, over all allocations. */
  readonly #toPeers: readonly TokenBucket[];
  readonly #toClients: readonly TokenBucket[];

  constructor(options: TurnEngineOptions, pools: ReadonlyMap<AddressFamily, RelayPool>, counters: Counters) {
    this.#options = options;
    this.#pools = pools;
    this.#counters = counters;
    this.quotas = new Quotas(options.limits);
    this.#toPeers = bucketsOf(options.limits.bytesPerSecondMax, options.nowMs());
    this.#toClients = bucketsOf(options.limits.bytesPerSecondMax, options.nowMs());
  }

  get reservations(): number {
    return this.#reservations.size;
  }

  supports(family: AddressFamily): boolean {
    return this.#pools.has(family);
  }

  /** The client's allocation, if it has not run out. */
  of(client: Client, nowMs: number): Allocation | undefined {
    const allocation = client.allocation;
    if (allocation === undefined || allocation.isAlive(nowMs)) return allocation;
    this.end(allocation);
    return undefined;
  }

  /** The client must not have an allocation. */
  create(client: Client, who: Authenticated, wish: Wish, nowMs: number): Granted | 486 | 508 {
    if (this.isDraining) return 508;
    if (wish.token !== undefined) return this.#createReserved(client, who, wish, wish.token, nowMs);
    const units = wish.port === 'evenAndReserveNext' ? 2 : 1;
    const refusal = this.quotas.refusal(who.account, client.address, units);
    if (refusal !== undefined) return refusal;

    const relays: Relay[] = [];
    let next: Relay | undefined;
    for (const family of wish.families) {
      const pool = this.#pools.get(family);
      let relay: Relay | undefined;
      if (wish.port === 'evenAndReserveNext') [relay, next] = pool?.openPair() ?? [];
      else relay = wish.port === 'even' ? pool?.openEven() : pool?.open();
      if (relay !== undefined) relays.push(relay);
    }
    if (relays.length === 0) return 508;
    const allocation = this.#add(client, who, relays, wish.lifetimeMs, nowMs);
    return {
      allocation,
      token: next === undefined ? undefined : this.#reserve(next, allocation, nowMs),
      missing: wish.families.filter((family) => !relays.some((relay) => relay.family === family)),
    };
  }

  #createReserved(
    client: Client,
    who: Authenticated,
    wish: Wish,
    token: string,
    nowMs: number,
  ): Granted | 486 | 508 {
    const reservation = this.#reservations.get(token);
    const isTheirs = reservation?.account.name === who.account && reservation.expiresAtMs > nowMs;
    if (reservation === undefined || !isTheirs) return 508;
    // The reservation's place in the quota becomes the allocation's.
    this.quotas.give(reservation.account, reservation.address, nowMs);
    const refusal = this.quotas.refusal(who.account, client.address, 1);
    if (refusal !== undefined) {
      this.#reservations.set(token, {
        ...reservation,
        account: this.quotas.take(who.account, reservation.address, nowMs),
      });
      return refusal;
    }
    this.#reservations.delete(token);
    const allocation = this.#add(client, who, [reservation.relay], wish.lifetimeMs, nowMs);
    return { allocation, token: undefined, missing: [] };
  }

  #reserve(relay: Relay, allocation: Allocation, nowMs: number): Buffer {
    const token = this.#options.randomBytes(RESERVATION_TOKEN_BYTES);
    const { address } = allocation.client;
    this.#reservations.set(token.toString('hex'), {
      relay,
      account: this.quotas.take(allocation.account.name, address, nowMs),
      address,
      expiresAtMs: nowMs + RESERVATION_MS,
    });
    return token;
  }

  #add(
    client: Client,
    who: Authenticated,
    relays: readonly Relay[],
    lifetimeMs: number,
    nowMs: number,
  ): Allocation {
    const account = this.quotas.take(who.account, client.address, nowMs);
    const bytesPerSecond = this.#options.limits.bytesPerSecondPerAllocationMax;
    const allocation = new Allocation({
      client,
      username: who.username,
      key: who.key,
      account,
      toPeers: [...bucketsOf(bytesPerSecond, nowMs), ...account.toPeers, ...this.#toPeers],
      toClient: [...bucketsOf(bytesPerSecond, nowMs), ...account.toClients, ...this.#toClients],
    });
    for (const relay of relays) {
      relay.allocation = allocation;
      relay.expiresAtMs = nowMs + lifetimeMs;
      allocation.relays.push(relay);
    }
    client.allocation = allocation;
    this.allocations.add(allocation);
    this.#counters.allocationsTotal++;
    this.#tell('allocation made', allocation);
    return allocation;
  }

  end(allocation: Allocation): void {
    if (!this.allocations.delete(allocation)) return;
    for (const relay of allocation.relays) relay.pool.close(relay);
    this.quotas.give(allocation.account, allocation.client.address, this.#options.nowMs());
    allocation.client.allocation = undefined;
    allocation.client.released();
    this.#tell('allocation ended', allocation);
  }

  /** Ends one family of an allocation, and the allocation with its last. */
  endRelay(allocation: Allocation, relay: Relay): void {
    if (allocation.relays.length === 1) {
      this.end(allocation);
      return;
    }
    allocation.relays.splice(allocation.relays.indexOf(relay), 1);
    relay.pool.close(relay);
  }

  /** Gives back what has run out. */
  sweep(nowMs: number): void {
    for (const allocation of this.allocations) {
      for (const relay of [...allocation.relays]) {
        if (relay.expiresAtMs <= nowMs) this.endRelay(allocation, relay);
      }
      allocation.sweep(nowMs);
    }
    for (const [token, reservation] of this.#reservations) {
      if (reservation.expiresAtMs > nowMs) continue;
      this.#reservations.delete(token);
      this.quotas.give(reservation.account, reservation.address, nowMs);
      reservation.relay.pool.close(reservation.relay);
    }
    this.quotas.sweep(nowMs);
  }

  endAll(): void {
    for (const allocation of this.allocations) this.end(allocation);
    this.sweep(Infinity);
  }

  #tell(message: string, allocation: Allocation): void {
    const { log } = this.#options;
    if (!log.isDebug) return;
    const { client, relays } = allocation;
    log.debug(message, {
      transport: client.transport,
      address: client.address,
      port: client.port,
      relayPorts: relays.map((relay) => relay.port),
    });
  }
}
