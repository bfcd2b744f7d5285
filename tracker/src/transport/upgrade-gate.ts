// Decides whether a WebSocket may be opened: for other relays on their own path, for pages of an allowed origin, and within the limits.
import {
  limitKey,
  rejectUpgrade,
  type AddressReader,
  type Admission,
  type ByteBudget,
  type RequestHead,
} from '@relay-swarm/net';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

export interface UpgradeGateOptions {
  readonly admission: Admission;
  readonly budget: ByteBudget;
  readonly readAddress: AddressReader;
  /** For how long this address owes for what it has asked for, in milliseconds. */
  readonly owedMs: (addressKey: string) => number;
  readonly isOriginAllowed: (origin: string | undefined) => boolean;
  /** Upgrades on `/relay`. */
  readonly upgradeRelay: (request: IncomingMessage, socket: Duplex, head: Buffer, address: string) => void;
  /** Whether this relay is full or stopping. */
  readonly rejectsNewcomers: () => boolean;
  /** The relays that a client refused for that is told of. */
  readonly roster: () => object;
  /** From 0 to 1: spreads the times at which refused clients come back. */
  readonly random: () => number;
  /** Opens the WebSocket of a client that was admitted, and has it leave the admission when its connection closes. */
  readonly accept: (request: RequestHead, socket: Duplex, head: Buffer, addressKey: string) => void;
}

export type UpgradeRefusal =
  'origin' | 'turned_away' | 'memory_full' | 'address_rate' | 'connections_full' | 'address_full';

/** An address that owes more than this may open no further connection; honest busy ones owe less. */
const OWED_MS_MAX = 1_000;

/** Other relays come on a path of their own. */
export const isForRelays = ({ url }: Pick<RequestHead, 'url'>): boolean => url?.split('?', 1)[0] === '/relay';

export class UpgradeGate {
  readonly #options: UpgradeGateOptions;
  readonly refused: Record<UpgradeRefusal, number> = {
    origin: 0,
    turned_away: 0,
    memory_full: 0,
    address_rate: 0,
    connections_full: 0,
    address_full: 0,
  };

  constructor(options: UpgradeGateOptions) {
    this.#options = options;
  }

  readonly upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const { readAddress, upgradeRelay } = this.#options;
    if (isForRelays(request)) upgradeRelay(request, socket, head, readAddress(request));
    else this.admit(request, socket, head);
  };

  /** Clients, that is everybody but relays. */
  admit(request: RequestHead, socket: Duplex, head: Buffer): void {
    const { admission, budget, readAddress, isOriginAllowed } = this.#options;
    const { rejectsNewcomers, owedMs, roster, accept } = this.#options;
    if (!isOriginAllowed(request.headers.origin)) {
      this.#refuse(socket, 'origin');
      return;
    }
    const addressKey = limitKey(readAddress(request));
    const refusal = rejectsNewcomers()
      ? 'turned_away'
      : budget.isTight
        ? 'memory_full'
        : owedMs(addressKey) > OWED_MS_MAX
          ? 'address_rate'
          : admission.enter(addressKey);
    if (refusal === 'address_full' || refusal === 'address_rate') this.#refuse(socket, refusal);
    else if (refusal !== undefined) this.#refuse(socket, refusal, roster());
    else accept(request, socket, head, addressKey);
  }

  /** `more`: relays to go to instead. */
  #refuse(socket: Duplex, refusal: UpgradeRefusal, more: object = {}): void {
    this.refused[refusal]++;
    rejectUpgrade(socket, refusal, { more, random: this.#options.random() });
  }
}
