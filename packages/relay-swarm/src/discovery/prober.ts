// Asks candidates who they are, and offers their descriptors to the table.
import type { Log } from '@relay-swarm/kit';
import type { SignedDescriptor } from '@relay-swarm/protocol';
import type { NodeCounters } from '../counters.ts';
import type { RelayTable } from '../roster/relay-table.ts';
import type { Candidate, Candidates } from './candidates.ts';

export interface ProberOptions {
  readonly selfId: string;
  readonly candidates: Candidates;
  readonly relays: RelayTable;
  readonly counters: NodeCounters;
  /** GET <origin>/.well-known/relay-swarm */
  readonly fetchDescriptor: (origin: string) => Promise<SignedDescriptor>;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

export class Prober {
  readonly #options: ProberOptions;
  #isStopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Asks the candidates that are due; the next one is asked when one has answered. */
  tick(): void {
    if (this.#isStopped) return;
    for (const candidate of this.#options.candidates.take(this.#options.monotonicMs())) {
      void this.#ask(candidate).then(() => this.tick());
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #ask(candidate: Candidate): Promise<void> {
    const { selfId, candidates, relays, counters, fetchDescriptor, monotonicMs, log } = this.#options;
    counters.fetches++;
    try {
      const descriptor = await fetchDescriptor(candidate.origin);
      candidates.answered(candidate, monotonicMs());
      if (descriptor.id === selfId) return;
      // What a URL's own web server says of it counts more than what others say
      const isHome = candidate.origin.replace(/\/$/, '') === webUrl(descriptor.url);
      const offer = relays.offer(descriptor, candidate.source, monotonicMs(), isHome);
      if (offer === 'refused') counters.descriptorsRefused++;
      if (offer === 'known') relays.hint(descriptor.id, monotonicMs());
    } catch (error) {
      counters.fetchesFailed++;
      candidates.failed(candidate, monotonicMs());
      if (log.isDebug) log.debug('a candidate did not answer well', { origin: candidate.origin, error });
    }
  }
}

/** wss://host/path → https://host/path, where its descriptor is. */
export const webUrl = (url: string): string => url.replace(/^ws/, 'http');
