// What the parts of the engine share: the options, the view, the links, the clock of the event at hand, and the way out.
import type { EngineAction } from './events.ts';
import { type Lane, Link } from './link.ts';
import type { EngineOptions } from './options.ts';
import { newStats, type EngineStats } from './stats.ts';
import { Timers } from './timers.ts';
import type { View } from './view.ts';

export interface Identity {
  readonly id: string;
  /** Address of the room, hex. */
  readonly room: string;
  /** Larger at every start: seconds of Unix time. */
  readonly epoch: number;
}

/** A link that is being made. */
export interface Dial {
  readonly sinceMs: number;
}

export class Core {
  readonly identity: Identity;
  readonly options: EngineOptions;
  readonly view: View;
  readonly random: () => number;
  readonly timers = new Timers();
  readonly links = new Map<string, Link>();
  readonly dials = new Map<string, Dial>();
  readonly stats: EngineStats = newStats();
  /** Of the event that is being handled. */
  nowMs = 0;
  /** Somebody else keeps the view, so nothing is told or asked about it. */
  isViewShared = false;
  #actions: EngineAction[] = [];
  readonly #awaited = new Map<number, (answer: { signature?: Uint8Array; isGood?: boolean }) => void>();
  #tokens = 0;
  #seq = 0;

  constructor(identity: Identity, options: EngineOptions, view: View, random: () => number) {
    this.identity = identity;
    this.options = options;
    this.view = view;
    this.random = random;
  }

  nextSeq(): number {
    return ++this.#seq;
  }

  act(action: EngineAction): void {
    this.#actions.push(action);
  }

  takeActions(): readonly EngineAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** Queues a frame for a link and hands over what it takes now. False where the link is too far behind. */
  send(link: Link, bytes: Uint8Array, lane: Lane): boolean {
    if (!link.enqueue(bytes, lane)) {
      this.stats.dropped++;
      return false;
    }
    this.pump(link);
    return true;
  }

  pump(link: Link): void {
    for (const bytes of link.take()) this.act({ type: 'transmit', peer: link.peer, bytes });
  }

  sign(bytes: Uint8Array, then: (signature: Uint8Array) => void): void {
    const token = ++this.#tokens;
    this.#awaited.set(token, ({ signature }) => {
      if (signature) then(signature);
    });
    this.act({ type: 'sign', token, bytes });
  }

  verify(source: string, bytes: Uint8Array, signature: Uint8Array, then: (isGood: boolean) => void): void {
    const token = ++this.#tokens;
    this.#awaited.set(token, ({ isGood }) => then(isGood === true));
    this.act({ type: 'verify', token, source, bytes, signature });
  }

  answered(token: number, answer: { signature?: Uint8Array; isGood?: boolean }): void {
    const then = this.#awaited.get(token);
    this.#awaited.delete(token);
    then?.(answer);
  }

  /** What is held for anybody; nothing is left of it after `clear`. */
  get awaited(): number {
    return this.#awaited.size;
  }

  clear(): void {
    this.timers.clear();
    this.links.clear();
    this.dials.clear();
    this.#awaited.clear();
    this.view.clear();
  }
}
