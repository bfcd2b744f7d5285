// p2p-media-loader on the relays of its streams. Each stream (quality, audio track) is a swarm with a tracker client of its own, and comes and
// goes as the player changes between them; what keeps one client keeps each of these.
import { ClientError } from './errors.ts';
import { keepTracker, type KeepOptions, type TrackerClient } from './keep-tracker.ts';
import type { RelayChoice, RelayChoiceEvents } from './relay-choice.ts';
import type { Roster } from './roster.ts';
import { TypedEvents } from './typed-events.ts';

/** A Core of p2p-media-loader-core (version 2), or an engine of p2p-media-loader-hlsjs or -shaka. */
export type MediaLoader = object;

/** What is used inside. There is no event for a stream that begins, so they are looked for. */
interface Inner {
  readonly core?: Inner;
  readonly mainStreamLoader?: HybridLoader;
  readonly secondaryStreamLoader?: HybridLoader;
  readonly getConfig?: unknown;
}
interface HybridLoader {
  readonly p2pLoaders: {
    readonly loaders: ReadonlyMap<
      unknown,
      { readonly loader: { readonly trackerClient: { readonly client: TrackerClient } } }
    >;
  };
}

const LOOK_MS = 500;

export class MediaRelays extends TypedEvents<RelayChoiceEvents> {
  readonly #core: Inner;
  readonly #roster: Roster;
  readonly #options: KeepOptions;
  readonly #choices = new Map<TrackerClient, RelayChoice>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(loader: MediaLoader, roster: Roster, options: KeepOptions) {
    super();
    const outer = loader as Inner;
    this.#core = outer.core ?? outer;
    if (typeof this.#core.getConfig !== 'function')
      throw new ClientError(
        'BAD_ARGUMENT',
        'Cannot keep this media loader: wanted a Core of p2p-media-loader, or its engine',
      );
    this.#roster = roster;
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    for (const signal of [options.signal, roster.signal])
      signal?.addEventListener('abort', () => this.close(), { once: true });
    this.#look();
  }

  /** Of every stream that is played now: the info hash and its relays. */
  get streams(): { readonly infoHash: string; readonly relays: RelayChoice['relays'] }[] {
    return [...this.#choices].map(([{ infoHash }, { relays }]) => ({ infoHash, relays }));
  }

  close(): void {
    clearInterval(this.#timer);
    for (const choice of this.#choices.values()) choice.close();
    this.#choices.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #look(): void {
    for (const [client, choice] of this.#choices) {
      if (!client.destroyed) continue;
      choice.close();
      this.#choices.delete(client);
    }
    for (const hybrid of [this.#core.mainStreamLoader, this.#core.secondaryStreamLoader])
      for (const { loader } of hybrid?.p2pLoaders.loaders.values() ?? []) {
        const { client } = loader.trackerClient;
        if (this.#choices.has(client) || client.destroyed) continue;
        const choice = keepTracker(client, this.#roster, this.#options);
        choice.on('relaychange', (change) => this.emit('relaychange', change));
        this.#choices.set(client, choice);
      }
  }
}

/** Keeps every stream of this media loader announced at the k relays of its swarm. Make the loader with `announceTrackers: []`. */
export function keepMediaLoader(loader: MediaLoader, roster: Roster, options: KeepOptions = {}): MediaRelays {
  return new MediaRelays(loader, roster, options);
}
