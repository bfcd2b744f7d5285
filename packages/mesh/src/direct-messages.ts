// Messages to one member: sent again until it answers, and taken once however often they come.
import type { Data, Envelope } from './envelope.ts';
import { MeshError } from './errors.ts';
import { Pending } from './pending.ts';

/** Answers requests: with data, or with nothing. */
export type Handler = (data: Data, from: string) => Data | undefined | Promise<Data | undefined>;

/** Seals an envelope and sends it on its way; `isFlooded`: over every link, for when the shortest path has not worked. */
export type SendDirect = (to: string, envelope: Envelope, isFlooded: boolean) => Promise<void>;

export interface Question {
  readonly to: string;
  readonly kind: 'send' | 'request';
  readonly channel: string;
  readonly data: Data;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/** Until a message is sent again, over every link then. */
const AGAIN_MS = [800, 2_000, 4_000] as const;
/** Until a message without an answer counts as not arrived. */
export const ARRIVAL_MS = AGAIN_MS.reduce((sum, ms) => sum + ms, 0);
const TAKEN_KEPT = 2_048;

export class DirectMessages {
  readonly #send: SendDirect;
  readonly #handlers = new Map<string, Handler>();
  readonly #pending = new Pending();
  readonly #taken = new Set<string>();

  constructor(send: SendDirect) {
    this.#send = send;
  }

  /** Resolves with the answer. */
  async ask({ to, kind, channel, data, signal, timeoutMs }: Question): Promise<Data> {
    const code = kind === 'send' ? 'UNREACHABLE' : 'TIMEOUT';
    const { id, answer } = this.#pending.open(code, timeoutMs, signal);
    const envelope: Envelope = { kind, id, channel, data };
    try {
      await this.#send(to, envelope, false);
    } catch (error) {
      this.#pending.fail(id, error);
      return answer;
    }
    const repeat = async (): Promise<void> => {
      for (const waitMs of AGAIN_MS.slice(0, -1)) {
        await new Promise((resolve) => setTimeout(resolve, waitMs));
        if (!this.#pending.isOpen(id)) return;
        await this.#send(to, envelope, true);
      }
    };
    void repeat();
    return answer;
  }

  /** Answers requests on a channel; returns how to stop. */
  onRequest(channel: string, handler: Handler): () => void {
    this.#handlers.set(channel, handler);
    return () => {
      if (this.#handlers.get(channel) === handler) this.#handlers.delete(channel);
    };
  }

  /** What a member has sent to us alone. True where it is a message for the application. */
  take(from: string, { kind, id, channel, data }: Envelope): boolean {
    switch (kind) {
      case 'send':
      case 'request': {
        const isNew = this.#isNew(`${from}.${id}`);
        if (kind === 'send') void this.#send(from, { kind: 'done', id, channel, data: null }, !isNew);
        else if (isNew) void this.#answer(from, id, channel, data);
        return kind === 'send' && isNew;
      }
      case 'failure': {
        const reason = typeof data === 'string' ? data : 'it does not say why';
        this.#pending.fail(id, new MeshError('FAILED', `The other side failed: ${reason}`));
        break;
      }
      case 'done':
      case 'response':
        this.#pending.done(id, data);
    }
    return false;
  }

  clear(): void {
    this.#pending.clear();
    this.#handlers.clear();
    this.#taken.clear();
  }

  async #answer(to: string, id: number, channel: string, data: Data): Promise<void> {
    try {
      const handler = this.#handlers.get(channel);
      if (!handler) throw new MeshError('NO_HANDLER', `Nobody answers on channel "${channel}"`);
      const answer = (await handler(data, to)) ?? null;
      await this.#send(to, { kind: 'response', id, channel, data: answer }, false);
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'failed';
      await this.#send(to, { kind: 'failure', id, channel, data: reason }, false);
    }
  }

  #isNew(key: string): boolean {
    if (this.#taken.has(key)) return false;
    this.#taken.add(key);
    if (this.#taken.size > TAKEN_KEPT) this.#taken.delete(this.#taken.values().next().value!);
    return true;
  }
}
