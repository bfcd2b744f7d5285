// Relayed addresses reserved under a token (RFC 8656 §7.2); each counts against its owner's quota. Pure.
import { RESERVATION_MS, RESERVATION_TOKEN_BYTES } from '../stun/constants.ts';
import type { RelayedAddress } from './allocation.ts';
import type { Account, Quotas } from './quotas.ts';

interface Reservation {
  readonly relayed: RelayedAddress;
  readonly account: Account;
  readonly address: string;
  readonly expiresAtMs: number;
}

export class Reservations {
  readonly #quotas: Quotas;
  readonly #randomBytes: (bytes: number) => Buffer;
  /** By token, in hex. */
  readonly #held = new Map<string, Reservation>();

  constructor(quotas: Quotas, randomBytes: (bytes: number) => Buffer) {
    this.#quotas = quotas;
    this.#randomBytes = randomBytes;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Holds a relayed address for an account; returns the token. */
  hold(relayed: RelayedAddress, account: string, address: string, nowMs: number): Buffer {
    const token = this.#randomBytes(RESERVATION_TOKEN_BYTES);
    this.#held.set(token.toString('hex'), {
      relayed,
      account: this.#quotas.take(account, address, nowMs),
      address,
      expiresAtMs: nowMs + RESERVATION_MS,
    });
    return token;
  }

  /**
   * The relayed address held under a token for this account, no longer held; or why not. Its place in the quota is free again
   * and is for the caller to take.
   */
  claim(token: string, account: string, address: string, nowMs: number): RelayedAddress | 486 | 508 {
    const reservation = this.#held.get(token);
    const isTheirs = reservation?.account.name === account && reservation.expiresAtMs > nowMs;
    if (reservation === undefined || !isTheirs) return 508;
    this.#quotas.give(reservation.account, reservation.address, nowMs);
    const refusal = this.#quotas.refusal(account, address, 1);
    if (refusal === undefined) {
      this.#held.delete(token);
      return reservation.relayed;
    }
    const renewed = this.#quotas.take(account, reservation.address, nowMs);
    this.#held.set(token, { ...reservation, account: renewed });
    return refusal;
  }

  /** Frees reservations that were not claimed in time. */
  sweep(nowMs: number): void {
    for (const [token, { relayed, account, address, expiresAtMs }] of this.#held) {
      if (expiresAtMs > nowMs) continue;
      this.#held.delete(token);
      this.#quotas.give(account, address, nowMs);
      relayed.pool.close(relayed);
    }
  }
}
