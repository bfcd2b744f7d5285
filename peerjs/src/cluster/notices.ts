// What the service itself tells a client that may be at any node, such as that its message did not arrive: through the owner of the client's id,
// again and again for a while, since owners may be changing and a question may be lost. Pure: the time is passed in.
import type { Asks } from '@relay-swarm/cluster/asks';
import type { Cluster } from '@relay-swarm/cluster/cluster';
import type { IdRegistry } from './id-registry.ts';
import { writeQuestion, type Question } from './questions.ts';

export interface NoticesOptions {
  readonly cluster: Cluster;
  readonly asks: Asks;
  readonly registry: IdRegistry;
  readonly monotonicMs: () => number;
  /** No two notices and messages have the same. */
  readonly newName: () => string;
}

type Notice = Pick<Extract<Question, { ask: 'tell' }>, 'id' | 'text' | 'name'>;

interface Waiting {
  readonly notice: Notice;
  readonly untilMs: number;
}

/** The answer of an owner that knows nobody who has the id. */
const ABSENT = 'absent';
/** How long a client is looked for. */
const TRIES_MS_MAX = 10_000;
const WAITING_MAX = 1_000;

export class Notices {
  readonly #options: NoticesOptions;
  /** Of the last second, for clients that were not found. */
  #waiting: Waiting[] = [];

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  tell(id: string, text: string): void {
    const { newName, monotonicMs } = this.#options;
    void this.#try({ notice: { id, text, name: newName() }, untilMs: monotonicMs() + TRIES_MS_MAX });
  }

  /** Once a second. */
  tick(): void {
    for (const waiting of this.#waiting.splice(0)) void this.#try(waiting);
  }

  /** Answers another node, as the owner of the id. */
  answer(notice: Notice): Buffer {
    return Buffer.from(this.#toHolder(notice) ? 'told' : ABSENT);
  }

  async #try(waiting: Waiting): Promise<void> {
    const { cluster, asks, monotonicMs } = this.#options;
    const { notice, untilMs } = waiting;
    const owner = cluster.ownerOf(notice.id);
    const nowMs = monotonicMs();
    const isTold =
      owner === cluster.node
        ? this.#toHolder(notice)
        : isAnsweredTold(await asks.ask(owner, writeQuestion({ ask: 'tell', ...notice }), nowMs));
    if (!isTold && nowMs < untilMs && this.#waiting.length < WAITING_MAX) this.#waiting.push(waiting);
  }

  /** The client's node knows by the name what it has heard already. */
  #toHolder({ id, text, name }: Notice): boolean {
    const holder = this.#options.registry.holder(id);
    holder?.send(text, name);
    return holder !== undefined;
  }
}

const isAnsweredTold = (answer: Buffer | undefined): boolean =>
  answer !== undefined && answer.toString() !== ABSENT;
