// A swarm of real relays on loopback, each a process of its own, that know each other.
import type { Environment } from '@relay-swarm/kit';
import { spawnTracker, type TrackerProcess } from '../../../../tracker/test/support/tracker-process.ts';

export interface Relays {
  /** `ws://127.0.0.1:<port>` */
  readonly urls: readonly string[];
  kill(url: string): void;
  freeze(url: string): void;
  stop(): Promise<void>;
}

const KNOWN_MS_MAX = 30_000;

/** @param settings beside those that make them a swarm */
export async function startRelays(count: number, settings: Environment = {}): Promise<Relays> {
  const started: TrackerProcess[] = [];
  for (let i = 0; i < count; i++) {
    started.push(
      await spawnTracker((port) => ({
        TRACKER_DHT_ENABLED: 'false',
        TRACKER_PUBLIC_URL: `ws://127.0.0.1:${port}`,
        RELAY_ALLOW_PRIVATE: 'true',
        RELAY_PER_ADDRESS_MAX: '16',
        RELAY_STATUS_SECONDS: '1',
        ...settings,
        RELAY_BOOTSTRAP: started.map(({ url }) => url.replace('ws:', 'http:')).join(','),
      })),
    );
  }
  const listed = async ({ url }: TrackerProcess): Promise<number> => {
    const response = await fetch(`${url.replace('ws:', 'http:')}/relays.json`);
    const { relays } = (await response.json()) as { relays: { state: string }[] };
    return relays.filter(({ state }) => state === 'ok' || state === 'busy').length;
  };
  for (const untilMs = Date.now() + KNOWN_MS_MAX; ;) {
    const counts = await Promise.all(started.map(listed));
    if (counts.every((found) => found === count)) break;
    if (Date.now() > untilMs)
      throw new Error(
        `Cannot start ${count} relays: they list ${counts.join(', ')}; ${started.map(({ output }) => output).join('\n')}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const find = (url: string): TrackerProcess => started.find((relay) => relay.url === url)!;
  return {
    urls: started.map(({ url }) => url),
    kill: (url) => find(url).kill(),
    freeze: (url) => find(url).freeze(),
    stop: async () => {
      for (const relay of started) relay.kill(); // SIGKILL ends frozen ones too
      await Promise.all(started.map((relay) => relay.stop()));
    },
  };
}
