// One Graffiti connection: where it stands between its first frame and its end, and what it waits for.
import { REFUSALS } from '@relay-swarm/protocol/refusals';
import type { Protocol } from '../protocol.ts';
import type { FanOut, Task } from './fan-out.ts';
import type { Challenged } from './handshake.ts';
import type { Subscriber } from './topics.ts';

/** What Graffiti asks of a connection. No method of it calls back into Graffiti before it returns. */
export interface GraffitiLink {
  /** The key under which its address is counted. */
  readonly addressKey: string;
  /** A frame that cannot be sent must end the connection: a subscriber that misses one push believes what is not true. */
  send(text: string): void;
  /** Sends what is queued, then closes. */
  close(code: number, reason: string): void;
  /** Whether the other end should read first before it gets what can wait. */
  readonly isCongested: boolean;
  /** Calls back, later, when everything sent until now has left. Never calls back where the connection ends before that. */
  whenDrained(callback: () => void): void;
  /** Asks the other end for a sign of life, and ends the connection where none comes within a few seconds. */
  probe(): void;
  /** Counts bytes that are held for it; false where it may not hold more. */
  hold(bytes: number): boolean;
  release(bytes: number): void;
  /** Pays for work, before it is done. What cannot be paid now is a debt, and nothing more is read from the connection until it is paid. */
  pay(tokens: number, nowMs: number): void;
}

/** What a session asks of Graffiti. */
export interface SessionHooks {
  receive(session: GraffitiSession, frame: string, nowMs: number): void;
  leave(session: GraffitiSession, nowMs: number): void;
  readonly fanOut: FanOut;
}

export class GraffitiSession implements Protocol<GraffitiLink>, Subscriber {
  readonly link: GraffitiLink;
  readonly #hooks: SessionHooks;
  state: 'opened' | 'challenged' | 'admitted' | 'over' = 'opened';
  challenged: Challenged | undefined = undefined;
  id = '';
  readonly announced = new Set<string>();
  readonly subscribed = new Set<string>();
  /** Goes on when its other end has read what it was sent. */
  #waiting: Task[] = [];

  constructor(link: GraffitiLink, hooks: SessionHooks) {
    this.link = link;
    this.#hooks = hooks;
  }

  /** What cannot be read is answered and counted as a refusal, never as a fault of the connection. */
  receive(_link: GraffitiLink, frame: Buffer, nowMs: number): boolean {
    if (this.state !== 'over') this.#hooks.receive(this, frame.toString('utf8'), nowMs);
    return true;
  }

  isIdle(): boolean {
    return this.announced.size === 0 && this.subscribed.size === 0;
  }

  closed(_link: GraffitiLink, nowMs: number): void {
    const wasAdmitted = this.state === 'admitted';
    this.state = 'over';
    if (wasAdmitted) this.#hooks.leave(this, nowMs);
  }

  get addressKey(): string {
    return this.link.addressKey;
  }

  get isCongested(): boolean {
    return this.link.isCongested;
  }

  push(text: string): void {
    this.link.send(text);
  }

  hold(bytes: number): boolean {
    return this.link.hold(bytes);
  }

  release(bytes: number): void {
    this.link.release(bytes);
  }

  wait(task: Task): void {
    if (this.#waiting.push(task) > 1) return;
    this.link.whenDrained(() => {
      const tasks = this.#waiting;
      this.#waiting = [];
      if (this.state !== 'admitted') return;
      for (const one of tasks) this.#hooks.fanOut.add(one);
      this.#hooks.fanOut.run();
    });
  }

  dismiss(): void {
    this.link.close(REFUSALS.slow_reader.close, REFUSALS.slow_reader.sentence);
  }

  /** Sends a last message and closes. */
  end(lastWords: string, code: number, reason: string): void {
    this.state = 'over';
    this.link.send(lastWords);
    this.link.close(code, reason);
  }
}
