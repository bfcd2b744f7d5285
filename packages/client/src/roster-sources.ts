// Who is asked for the roster, and who is believed: signatures, pinned keys, the key that a URL had the last time, the age of what it says.
import { ClientError } from './errors.ts';
import { askSource, httpBase, type Fetch, type SourceAnswer } from './relay-source.ts';

const ASKED_AT_ONCE = 3;
/** A list that was written longer ago than this tells of a tracker that is gone, and is used only where there is no other. */
const OLD_MS = 120_000;

export interface SourcesOptions {
  /** Any URLs of relays. */
  readonly urls: readonly string[];
  /** HTTP base → relay id, from the last time. */
  readonly keys: Readonly<Record<string, string>>;
  readonly pinnedKeys: readonly string[] | undefined;
  readonly fetch: Fetch;
  readonly now: () => number;
  /** Ends whatever is asked. */
  readonly signal: AbortSignal;
  readonly onError: (source: string, error: Error) => void;
  readonly onKeyChange: (source: string, before: string, now: string) => void;
}

/** Takes an answer in; throws where it does not fit what is known already. */
export type Believe = (answer: SourceAnswer) => void;

export class RosterSources {
  readonly #options: SourcesOptions;
  readonly #bases: readonly string[];
  #keys: Readonly<Record<string, string>>;

  constructor(options: SourcesOptions) {
    this.#options = options;
    this.#bases = [...new Set(options.urls.map(httpBase))];
    this.#keys = options.keys;
  }

  /** HTTP base → relay id. */
  get keys(): Readonly<Record<string, string>> {
    return this.#keys;
  }

  /**
   * Asks one source after the other, a few at once, until one has answered that can be believed; where all are gone, the relays that they
   * have named (`others`) know the swarm as well. Rejects with NO_ROSTER, or with the signal's reason.
   */
  async ask(others: readonly string[], query: string, believe: Believe): Promise<void> {
    const { signal, onError } = this.#options;
    const all = [...new Set([...this.#bases, ...others.map(httpBase)])];
    const errors: Error[] = [];
    const doubtful: (() => void)[] = [];
    for (let i = 0; i < all.length; i += ASKED_AT_ONCE) {
      signal.throwIfAborted();
      const asked = all.slice(i, i + ASKED_AT_ONCE).map(async (source) => {
        try {
          await this.#ask(source, query, believe, doubtful);
        } catch (error) {
          errors.push(error as Error);
          if (!signal.aborted) onError(source, error as Error);
          throw error;
        }
      });
      const hasAnswer = await Promise.any(asked).then(
        () => true,
        () => false,
      );
      if (hasAnswer) return;
      // A changed key, or an old list, is believed only where nobody else has answered.
      if (doubtful.length > 0) {
        doubtful[0]!();
        return;
      }
    }
    signal.throwIfAborted();
    throw new ClientError(
      'NO_ROSTER',
      `Cannot load the roster: none of ${all.length} relays has answered`,
      errors[0],
    );
  }

  async #ask(source: string, query: string, believe: Believe, doubtful: (() => void)[]): Promise<void> {
    const { fetch, now, signal, pinnedKeys, onKeyChange } = this.#options;
    const answer = await askSource(fetch, source, now(), query, signal);
    signal.throwIfAborted();
    const { self } = answer.roster;
    if (pinnedKeys !== undefined && (!pinnedKeys.includes(self) || !answer.isVerified))
      throw new ClientError(
        'BAD_SIGNATURE',
        `Cannot believe ${source}: it has not proven one of the pinned keys`,
      );
    const accept = (): void => {
      believe(answer);
      this.#keys = { ...this.#keys, [source]: self };
    };
    const doubt = (error: ClientError): never => {
      doubtful.push(accept);
      throw error;
    };
    const before = this.#keys[source];
    if (before !== undefined && before !== self) {
      onKeyChange(source, before, self);
      doubt(new ClientError('KEY_CHANGED', `Cannot believe ${source} yet: it has another key than before`));
    }
    const ageMs = answer.ageMs ?? 0;
    if (ageMs > OLD_MS)
      doubt(
        new ClientError(
          'BAD_ANSWER',
          `Cannot believe ${source} yet: its list is ${Math.round(ageMs / 1000)} s old`,
        ),
      );
    accept();
  }
}
