// The owner of each of node-turn's allocations: one for each client, from its Allocate on, and the session behind it. node-turn itself
// keeps neither names nor quotas.
import type { TurnEngineOptions } from '../engine.ts';
import type { Authenticated } from '../auth/authenticator.ts';
import type { ErrorCode } from '../stun/constants.ts';
import type { Counters } from '../turn/counters.ts';
import { Quotas, type Account } from '../turn/quotas.ts';
import { AllocationSession, endAllocation, type SessionContext } from './allocation-session.ts';
import type { LibraryAllocation } from './library.ts';

/** One client, as node-turn names it: "UDP://client:port>host:port". */
export type FiveTuple = string;

export interface Owner {
  readonly fiveTuple: FiveTuple;
  readonly username: string;
  readonly account: Account;
  readonly address: string;
  readonly transactionId: Buffer;
  /** Undefined while node-turn looks for a port. */
  session: AllocationSession | undefined;
  /** To a repeated Allocate. */
  response: Buffer;
}

export class AllocationOwners {
  isDraining = false;
  readonly #options: TurnEngineOptions;
  readonly #context: SessionContext;
  readonly #counters: Counters;
  readonly #quotas: Quotas;
  readonly #owners = new Map<FiveTuple, Owner>();
  /** By relayed port. */
  readonly #sessions = new Map<number, AllocationSession>();

  constructor(options: TurnEngineOptions, context: Omit<SessionContext, 'at'>, counters: Counters) {
    this.#options = options;
    this.#context = { ...context, at: (port) => this.#sessions.get(port) };
    this.#counters = counters;
    this.#quotas = new Quotas(options.limits);
  }

  get sessions(): Iterable<AllocationSession> {
    return this.#sessions.values();
  }

  get relayPortsFree(): number {
    return this.#options.relayPortMax - this.#options.relayPortMin + 1 - this.#owners.size;
  }

  of(fiveTuple: FiveTuple): Owner | undefined {
    return this.#owners.get(fiveTuple);
  }

  /** Why this client may not have an allocation now. */
  refusal({ account }: Authenticated, address: string): ErrorCode | undefined {
    if (this.isDraining || this.relayPortsFree <= 0) return 508;
    return this.#quotas.refusal(account, address, 1);
  }

  add(
    fiveTuple: FiveTuple,
    who: Authenticated,
    address: string,
    transactionId: Buffer,
    nowMs: number,
  ): Owner {
    const owner: Owner = {
      fiveTuple,
      username: who.username,
      account: this.#quotas.take(who.account, address, nowMs),
      address,
      transactionId: Buffer.from(transactionId),
      session: undefined,
      response: Buffer.alloc(0),
    };
    this.#owners.set(fiveTuple, owner);
    return owner;
  }

  forget(owner: Owner): void {
    this.#owners.delete(owner.fiveTuple);
    this.#quotas.give(owner.account, owner.address, this.#options.monotonicMs());
    if (owner.session === undefined) return;
    this.#sessions.delete(owner.session.port);
    owner.session.end();
  }

  /** node-turn has made an allocation. */
  begin(allocation: LibraryAllocation): void {
    const owner = this.#owners.get(allocation.fiveTuple);
    if (owner === undefined) {
      // The engine was closed meanwhile. node-turn sets the timer right after this.
      queueMicrotask(() => endAllocation(allocation));
    } else {
      owner.session = new AllocationSession(allocation, owner.account, this.#context);
      this.#sessions.set(owner.session.port, owner.session);
      this.#counters.allocationsTotal++;
    }
  }

  /** node-turn has forgotten an allocation. */
  end({ fiveTuple }: LibraryAllocation): void {
    const owner = this.#owners.get(fiveTuple);
    if (owner !== undefined) this.forget(owner);
  }

  /** Forgets all owners, so that allocations that node-turn is still making are closed when they are ready. */
  close(): void {
    for (const owner of [...this.#owners.values()]) this.forget(owner);
  }
}
