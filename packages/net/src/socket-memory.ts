// Memory held for the sockets of a server. Each socket counts against one budget: for itself, for the received part of an unfinished message,
// for what its client does not read, and for what waits to be read. A message must also end in time.
import type { BudgetRefusal, ByteBudget, Holder } from './budget.ts';
import type { PartialMessage } from './frame-reader.ts';

/** Why a socket is ended; each is a code of the catalogue of refusals. */
export type SocketEnd = BudgetRefusal | 'unfinished_message';

/** What can be ended for the memory that it holds. */
export interface Cuttable {
  /** Others need the memory more: what it held counts as given back. */
  cut(reason: BudgetRefusal): void;
}

/** A socket, as far as its memory goes. */
export interface HeldSocket extends Cuttable {
  readonly holder: Holder;
  readonly partial: PartialMessage | undefined;
  readonly isUnfinished: boolean;
  /** It is not read from, because of debt. */
  readonly isResting: boolean;
  /** What its other end has not read, and what has come and was not looked at. */
  readonly unreadBytes: number;
  /** The next two are kept by SocketMemory: its unfinished message is counted, */
  isCountedUnfinished: boolean;
  /** and so much of its holder is for what waits. */
  bufferedBytes: number;
  endFor(reason: SocketEnd): void;
}

export interface SocketMemoryOptions {
  readonly budget: ByteBudget;
  /** For one message, from the read that began it. */
  readonly unfinishedMsMax: number;
  /** What an idle socket counts. */
  readonly connectionBytes?: number;
}

/** What the kernel may keep of a connection that is not read from. */
const UNREAD_BYTES = 65_536;

/** One for a server. */
export class SocketMemory<H extends HeldSocket> {
  readonly budget: ByteBudget;
  readonly #options: SocketMemoryOptions;
  /** Those that wait for the end of a message, the oldest first. */
  readonly #unfinished = new Set<H>();
  /** Those that have not read everything, or are not read from. */
  readonly #waiting = new Set<H>();
  readonly ended = { unfinished: 0, memory: 0 };

  constructor(options: SocketMemoryOptions) {
    this.#options = options;
    this.budget = options.budget;
  }

  /** Messages that are not whole. */
  get unfinished(): number {
    return this.#unfinished.size;
  }

  /** For a socket that opens. */
  open(addressKey: string, socket: Cuttable): Holder {
    return this.budget.open(addressKey, this.#cut, socket);
  }

  readonly #cut = (reason: BudgetRefusal, socket: Cuttable): void => {
    this.ended.memory++;
    socket.cut(reason);
  };

  /** Takes the socket in, or ends it where its address holds too much already. */
  add(socket: H): void {
    const refusal = socket.holder.hold(this.#options.connectionBytes ?? 0);
    if (refusal !== undefined) this.#end(socket, refusal);
  }

  /** After each read of the socket. */
  settled(socket: H, nowMs: number): void {
    if (socket.isUnfinished || socket.isCountedUnfinished) this.#noteUnfinished(socket, nowMs);
    if (socket.isResting) this.noteWaiting(socket);
  }

  /** Something was left over after a write, or reading was stopped. */
  noteWaiting(socket: H): void {
    this.#waiting.add(socket);
    this.#count(socket);
  }

  remove(socket: H): void {
    this.#unfinished.delete(socket);
    this.#waiting.delete(socket);
    socket.holder.close();
  }

  /** Once a second. */
  tick(nowMs: number): void {
    for (const socket of this.#waiting) {
      if (socket.unreadBytes === 0 && !socket.isResting) this.#waiting.delete(socket);
      this.#count(socket);
    }
    for (const socket of this.#unfinished) {
      if (nowMs - (socket.partial?.sinceMs ?? 0) < this.#options.unfinishedMsMax) return;
      if (socket.isResting) continue; // it waits because we do not read it
      this.ended.unfinished++;
      this.#finish(socket);
      socket.endFor('unfinished_message');
    }
  }

  #noteUnfinished(socket: H, nowMs: number): void {
    const { partial } = socket;
    if (!socket.isUnfinished || partial === undefined) {
      this.#finish(socket);
      return;
    }
    if (partial.sinceMs === 0) {
      this.#unfinished.delete(socket); // another message than before: it is the youngest
      this.#unfinished.add(socket);
      socket.isCountedUnfinished = true;
      partial.sinceMs = nowMs;
    }
    this.#count(socket);
  }

  #finish(socket: H): void {
    this.#unfinished.delete(socket);
    socket.isCountedUnfinished = false;
    this.#count(socket);
  }

  /** Brings up to date what it holds in buffers. */
  #count(socket: H): void {
    const { holder } = socket;
    if (holder.isCut) return; // it ends already
    const bytes =
      (socket.isCountedUnfinished ? (socket.partial?.heldBytes ?? 0) : 0) +
      (this.#waiting.has(socket) ? socket.unreadBytes : 0) +
      (socket.isResting ? UNREAD_BYTES : 0);
    const more = bytes - socket.bufferedBytes;
    const refusal = more > 0 ? holder.hold(more) : undefined;
    if (refusal !== undefined) {
      this.#end(socket, refusal);
      return;
    }
    if (more < 0) holder.release(-more);
    socket.bufferedBytes = bytes;
  }

  #end(socket: H, reason: BudgetRefusal): void {
    if (socket.holder.isCut) return; // told by `open` already
    this.ended.memory++;
    socket.endFor(reason);
  }
}
