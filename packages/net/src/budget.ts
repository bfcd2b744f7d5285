// One byte budget for a process: everything that is held for somebody else counts against it, by connection, by address (and its /48) and in
// all. Near the limit the connections that hold most are cut first. `hold()` and `release()` are a few additions, for hot paths. Pure.
import { siteKey } from './ip.ts';

/** Why no more may be held: the connection, its address, or the process has as much as it may. */
export type BudgetRefusal = 'connection_memory' | 'address_memory' | 'memory';

export interface BudgetLimits {
  readonly bytesMax: number;
  /** Shares of it, from 0 to 1. A /48 may hold twice the share of an address. */
  readonly addressShare?: number;
  readonly connectionShare?: number;
  /** `setImmediate`: many connections are ended in several turns of the event loop. */
  readonly nextTurn?: (callback: () => void) => unknown;
}

/** From here on the biggest are cut, and nobody new is let in, */
const HIGH = 0.9;
/** until no more than this is held. */
const LOW = 0.75;
const ADDRESS_SHARE = 0.25;
const CONNECTION_SHARE = 0.1;
const SITE_ADDRESSES = 2;
/** Connections ended in one turn of the event loop. */
const CUTS_AT_ONCE = 64;

/** What an address holds. */
interface Account {
  bytes: number;
  readonly site: Site | undefined;
  /** Its holders, linked through themselves, the newest first: most addresses have one, and a set for one takes twice its memory. */
  newest: Holder | undefined;
}

interface Site {
  readonly key: string;
  bytes: number;
  addresses: number;
}

/** Ends what holds bytes; `owner` is what was given to `ByteBudget.open()`. */
type Cut<O> = (reason: BudgetRefusal, owner: O) => void;

/** One connection, or whatever else can be cut by itself. Made by `ByteBudget.open()`. */
export class Holder {
  /** Held now. */
  bytes = 0;
  isCut = false;
  readonly #budget: ByteBudget;
  readonly #account: Account;
  readonly #key: string;
  readonly #cut: Cut<unknown>;
  readonly #owner: unknown;
  /** Neighbours in the account's list. */
  #older: Holder | undefined = undefined;
  #newer: Holder | undefined = undefined;

  constructor(budget: ByteBudget, key: string, account: Account, cut: Cut<unknown>, owner: unknown) {
    this.#budget = budget;
    this.#key = key;
    this.#account = account;
    this.#cut = cut;
    this.#owner = owner;
    this.#list();
  }

  /** The one of the same account that was made before it. */
  get older(): Holder | undefined {
    return this.#older;
  }

  /** Takes bytes. Where it may not, it takes none and says why; the caller then ends what it wanted them for. */
  hold(bytes: number): BudgetRefusal | undefined {
    const refusal = this.#budget.refusalOf(this.isCut, this.bytes + bytes, this.#account, bytes);
    if (refusal !== undefined) return refusal;
    this.#add(bytes);
    if (this.#budget.isTight) this.#budget.relieve();
    return this.isCut ? 'memory' : undefined;
  }

  release(bytes: number): void {
    if (!this.isCut) this.#add(-Math.min(bytes, this.bytes));
  }

  /** Takes or gives back what is missing to this number. Where more is refused it stays as it was. */
  holdExactly(bytes: number): BudgetRefusal | undefined {
    if (bytes > this.bytes) return this.hold(bytes - this.bytes);
    this.release(this.bytes - bytes);
    return undefined;
  }

  /** Gives everything back; later calls are refused or do nothing. */
  close(): void {
    if (this.isCut) return;
    this.#add(-this.bytes);
    this.isCut = true;
    this.#unlist();
    this.#budget.forget(this.#key, this.#account);
  }

  /** For the budget, which has closed it. */
  end(reason: BudgetRefusal): void {
    this.#cut(reason, this.#owner);
  }

  #list(): void {
    const { newest } = this.#account;
    this.#older = newest;
    if (newest !== undefined) newest.#newer = this;
    this.#account.newest = this;
  }

  #unlist(): void {
    const [older, newer] = [this.#older, this.#newer];
    if (older !== undefined) older.#newer = newer;
    if (newer !== undefined) newer.#older = older;
    else this.#account.newest = older;
    this.#older = this.#newer = undefined;
  }

  #add(bytes: number): void {
    this.bytes += bytes;
    this.#budget.add(this.#account, bytes);
  }
}

export class ByteBudget {
  readonly #bytesMax: number;
  readonly #addressBytesMax: number;
  readonly #connectionBytesMax: number;
  readonly #highBytes: number;
  readonly #accounts = new Map<string, Account>();
  readonly #sites = new Map<string, Site>();
  #bytes = 0;
  #isRelieving = false;
  #isCutting = false;
  readonly #nextTurn: (callback: () => void) => unknown;
  readonly #toCut: Holder[] = [];
  /** For metrics: who was cut, and what was refused. */
  readonly counts = { cut: 0, connection_memory: 0, address_memory: 0, memory: 0 };

  constructor({
    bytesMax,
    addressShare = ADDRESS_SHARE,
    connectionShare = CONNECTION_SHARE,
    nextTurn = setImmediate,
  }: BudgetLimits) {
    this.#bytesMax = bytesMax;
    this.#addressBytesMax = bytesMax * addressShare;
    this.#connectionBytesMax = bytesMax * connectionShare;
    this.#highBytes = bytesMax * HIGH;
    this.#nextTurn = nextTurn;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  get addresses(): number {
    return this.#accounts.size;
  }

  /** Whether the total nears its limit: nobody new should be let in then. */
  get isTight(): boolean {
    return this.#bytes >= this.#highBytes;
  }

  /** What an address holds in all its connections. */
  heldBy(addressKey: string): number {
    return this.#accounts.get(addressKey)?.bytes ?? 0;
  }

  /**
   * A connection of an address (`limitKey()`). `cut` ends it; all that it held counts as given back by then. `close()` it at its end.
   * With an owner, one function does for many: a closure for each would cost memory.
   */
  open(addressKey: string, cut: (reason: BudgetRefusal) => void): Holder;
  open<O>(addressKey: string, cut: Cut<O>, owner: O): Holder;
  open(addressKey: string, cut: Cut<never>, owner?: unknown): Holder {
    let account = this.#accounts.get(addressKey);
    if (account === undefined) {
      account = { bytes: 0, site: this.#siteOf(addressKey), newest: undefined };
      this.#accounts.set(addressKey, account);
    }
    return new Holder(this, addressKey, account, cut as Cut<unknown>, owner);
  }

  /** Reserves bytes that the process itself needs, such as a store of fixed size. */
  reserve(bytes: number): void {
    this.#bytes += bytes;
  }

  #siteOf(addressKey: string): Site | undefined {
    const key = siteKey(addressKey);
    if (key === undefined) return undefined;
    const site = this.#sites.get(key) ?? { key, bytes: 0, addresses: 0 };
    site.addresses++;
    this.#sites.set(key, site);
    return site;
  }

  // What follows is for Holder.

  refusalOf(
    isCut: boolean,
    ofConnection: number,
    account: Account,
    bytes: number,
  ): BudgetRefusal | undefined {
    if (isCut) return 'memory';
    let refusal: BudgetRefusal;
    if (ofConnection > this.#connectionBytesMax) refusal = 'connection_memory';
    else if (account.bytes + bytes > this.#addressBytesMax) refusal = 'address_memory';
    else if (
      account.site !== undefined &&
      account.site.bytes + bytes > SITE_ADDRESSES * this.#addressBytesMax
    )
      refusal = 'address_memory';
    else if (this.#bytes + bytes > this.#bytesMax) refusal = 'memory';
    else return undefined;
    this.counts[refusal]++;
    return refusal;
  }

  add(account: Account, bytes: number): void {
    account.bytes += bytes;
    if (account.site !== undefined) account.site.bytes += bytes;
    this.#bytes += bytes;
  }

  forget(addressKey: string, account: Account): void {
    if (account.newest !== undefined) return;
    this.#accounts.delete(addressKey);
    if (account.site !== undefined && --account.site.addresses === 0) this.#sites.delete(account.site.key);
  }

  /**
   * Cuts the biggest connection of each of the biggest addresses, again and again. So many small connections of one address do not get an
   * honest one of another address cut. Each pass at least halves what the biggest holds, so few passes are needed.
   */
  relieve(): void {
    if (this.#isRelieving) return; // a connection that was cut has released something
    this.#isRelieving = true;
    const wantedBytes = this.#bytesMax * LOW;
    while (this.#bytes > wantedBytes) {
      let most = 0;
      for (const { bytes } of this.#accounts.values()) most = Math.max(most, bytes);
      if (most === 0) break; // what is reserved cannot be cut
      for (const account of this.#accounts.values()) {
        while (account.bytes > most / 2 && this.#bytes > wantedBytes) {
          const holder = biggestHolder(account);
          holder.close();
          this.counts.cut++;
          this.#toCut.push(holder);
        }
      }
    }
    this.#isRelieving = false;
    if (!this.#isCutting) this.#cutSome();
  }

  /** Their bytes count as given back since they were chosen; ending a connection takes longer, so it is done in slices. */
  readonly #cutSome = (): void => {
    this.#isCutting = true;
    for (const holder of this.#toCut.splice(0, CUTS_AT_ONCE)) holder.end('memory');
    this.#isCutting = this.#toCut.length > 0;
    if (this.#isCutting) this.#nextTurn(this.#cutSome);
  };
}

/** The oldest of those that hold most. What an account holds, its holders hold, so there is one. */
function biggestHolder(account: Account): Holder {
  let biggest = account.newest!;
  for (let holder = biggest.older; holder !== undefined; holder = holder.older)
    if (holder.bytes >= biggest.bytes) biggest = holder;
  return biggest;
}
