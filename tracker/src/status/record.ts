// One sample for the history: our own numbers, and what the other services of the bundle write into the shared volume.
import { readOthers } from '@relay-swarm/relay-swarm';
import type { History, HistorySample, ListedRelay } from './history.ts';

export interface RecordOptions {
  readonly dataDir: string;
  readonly own: () => Pick<HistorySample, 'peers' | 'swarms'>;
  readonly relays: () => readonly ListedRelay[];
}

export function record(history: History, { dataDir, own, relays }: RecordOptions): void {
  void readOthers(dataDir).then((others) =>
    history.add(
      {
        ...own(),
        signalingClients: others.get('peerjs')?.gauges.connections ?? 0,
        allocations: others.get('stun')?.gauges.allocations ?? 0,
      },
      relays(),
      Date.now(),
    ),
  );
}
