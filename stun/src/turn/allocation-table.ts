// All allocations of the server: makes and ends them, within quotas and the ports there are (RFC 8656 §7). Pure.
import { limitKey } from '@relay-swarm/net/ip';
import type { AddressFamily, TurnEngineOptions } from '../engine.ts';
import { Allocation, ALLOCATION_BYTES, type RelayedAddress, type Client } from './allocation.ts';
import type { Authenticated } from '../auth/authenticator.ts';
import { bucketsOf, TokenBucket } from './bandwidth.ts';
import type { Counters } from './counters.ts';
import { Quotas } from './quotas.ts';
import type { RelayedPortPool } from './relayed-port-pool.ts';
import { Reservations } from './reservations.ts';

/** What an Allocate asks for. */
export interface AllocateRequest {
  /** The first must be had; a second one (dual allocation) may fail. */
  readonly families: readonly [AddressFamily] | readonly [AddressFamily, AddressFamily];
  readonly port: 'any' | 'even' | 'evenAndReserveNext';
  /** Takes the relayed address reserved under this token (hex). */
  readonly token: string | undefined;
  readonly lifetimeMs: number;
}

export interface AllocateResult {
  readonly allocation: Allocation;
  readonly token: Buffer | undefined;
  readonly missing: readonly AddressFamily[];
}

export class AllocationTable {
  isDraining = false;
  readonly allocations = new Set<Allocation>();
  readonly quotas: Quotas;
  readonly #options: TurnEngineOptions;
  readonly #pools: ReadonlyMap<AddressFamily, RelayedPortPool>;
  readonly #counters: Counters;
  readonly #reservations: Reservations;
  /** The server's own buckets, over all allocations. */
  readonly #toPeers: readonly TokenBucket[];
  readonly #toClients: readonly TokenBucket[];

  constructor(
    options: TurnEngineOptions,
    pools: ReadonlyMap<AddressFamily, RelayedPortPool>,
    counters: Counters,
  ) {
    this.#options = options;
    this.#pools = pools;
    this.#counters = counters;
    this.quotas = new Quotas(options.limits, options.worker?.counts);
    this.#reservations = new Reservations(this.quotas, options.randomBytes);
    this.#toPeers = bucketsOf(options.limits.bytesPerSecondMax, options.monotonicMs());
    this.#toClients = bucketsOf(options.limits.bytesPerSecondMax, options.monotonicMs());
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
  create(
    client: Client,
    who: Authenticated,
    wanted: AllocateRequest,
    nowMs: number,
  ): AllocateResult | 486 | 508 {
    if (this.isDraining || this.#options.budget.isTight) return 508;
    // The client may bring the token to another worker.
    if (this.#options.worker !== undefined && wanted.port === 'evenAndReserveNext') return 508;
    if (wanted.token !== undefined) return this.#createReserved(client, who, wanted, wanted.token, nowMs);
    const units = wanted.port === 'evenAndReserveNext' ? 2 : 1;
    const refusal = this.quotas.refusal(who.account, client.address, units);
    if (refusal !== undefined) return refusal;

    const relayedAddresses: RelayedAddress[] = [];
    let next: RelayedAddress | undefined;
    for (const family of wanted.families) {
      const pool = this.#pools.get(family);
      let relayed: RelayedAddress | undefined;
      if (wanted.port === 'evenAndReserveNext') [relayed, next] = pool?.openPair() ?? [];
      else relayed = wanted.port === 'even' ? pool?.openEven() : pool?.open();
      if (relayed !== undefined) relayedAddresses.push(relayed);
    }
    if (relayedAddresses.length === 0) return 508;
    const allocation = this.#add(client, who, relayedAddresses, wanted.lifetimeMs, nowMs);
    if (allocation === 508) {
      next?.pool.close(next);
      return 508;
    }
    return {
      allocation,
      token:
        next === undefined ? undefined : this.#reservations.hold(next, who.account, client.address, nowMs),
      missing: wanted.families.filter(
        (family) => !relayedAddresses.some((relayed) => relayed.family === family),
      ),
    };
  }

  #createReserved(
    client: Client,
    who: Authenticated,
    wanted: AllocateRequest,
    token: string,
    nowMs: number,
  ): AllocateResult | 486 | 508 {
    const relayed = this.#reservations.claim(token, who.account, client.address, nowMs);
    if (typeof relayed === 'number') return relayed;
    const allocation = this.#add(client, who, [relayed], wanted.lifetimeMs, nowMs);
    if (allocation === 508) return 508;
    return { allocation, token: undefined, missing: [] };
  }

  #add(
    client: Client,
    who: Authenticated,
    relayedAddresses: readonly RelayedAddress[],
    lifetimeMs: number,
    nowMs: number,
  ): Allocation | 508 {
    const holder = this.#options.budget.open(limitKey(client.address), () => {
      if (client.allocation?.holder === holder) this.end(client.allocation);
    });
    if (holder.hold(ALLOCATION_BYTES) !== undefined) {
      holder.close();
      for (const relayed of relayedAddresses) relayed.pool.close(relayed);
      return 508;
    }
    const account = this.quotas.take(who.account, client.address, nowMs);
    const { bytesPerSecondPerAllocationMax: bytesPerSecond, controlPerSecondPerAllocationMax } =
      this.#options.limits;
    const allocation = new Allocation({
      client,
      username: who.username,
      key: who.key,
      account,
      expiresAtMs: nowMs + who.expiresInMs,
      holder,
      control: new TokenBucket(controlPerSecondPerAllocationMax, nowMs),
      toPeers: [...bucketsOf(bytesPerSecond, nowMs), ...account.toPeers, ...this.#toPeers],
      toClient: [...bucketsOf(bytesPerSecond, nowMs), ...account.toClients, ...this.#toClients],
    });
    for (const relayed of relayedAddresses) {
      relayed.allocation = allocation;
      relayed.expiresAtMs = nowMs + lifetimeMs;
      allocation.relayedAddresses.push(relayed);
    }
    client.allocation = allocation;
    this.allocations.add(allocation);
    this.#counters.allocationsTotal++;
    this.#tell('allocation made', allocation);
    return allocation;
  }

  end(allocation: Allocation): void {
    if (!this.allocations.delete(allocation)) return;
    for (const relayed of allocation.relayedAddresses) relayed.pool.close(relayed);
    this.quotas.give(allocation.account, allocation.client.address, this.#options.monotonicMs());
    allocation.holder.close();
    allocation.client.allocation = undefined;
    allocation.client.released();
    this.#tell('allocation ended', allocation);
  }

  /** Ends one family of an allocation, and the allocation with its last. */
  endRelayed(allocation: Allocation, relayed: RelayedAddress): void {
    if (allocation.relayedAddresses.length === 1) {
      this.end(allocation);
      return;
    }
    allocation.relayedAddresses.splice(allocation.relayedAddresses.indexOf(relayed), 1);
    relayed.pool.close(relayed);
  }

  /** Ends allocations and frees ports that have expired. */
  sweep(nowMs: number): void {
    for (const allocation of this.allocations) {
      for (const relayed of [...allocation.relayedAddresses]) {
        if (relayed.expiresAtMs <= nowMs) this.endRelayed(allocation, relayed);
      }
      allocation.sweep(nowMs);
    }
    this.#reservations.sweep(nowMs);
    this.quotas.sweep(nowMs);
  }

  endAll(): void {
    for (const allocation of this.allocations) this.end(allocation);
    this.sweep(Infinity);
  }

  #tell(message: string, allocation: Allocation): void {
    const { log } = this.#options;
    if (!log.isDebug) return;
    const { client, relayedAddresses } = allocation;
    log.debug(message, {
      transport: client.transport,
      address: client.address,
      port: client.port,
      relayPorts: relayedAddresses.map((relayed) => relayed.port),
    });
  }
}
