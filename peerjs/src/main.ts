// The signaling service: its settings, its clocks and its random numbers. Nothing else in this service touches them.
import { runService } from '@relay-swarm/kit';
import { buildService } from './app.ts';
import { loadEngine } from './engines.ts';
import { checkPeerjsSettings, peerjsSettings } from './settings.ts';

await runService({
  name: 'peerjs',
  settings: peerjsSettings,
  check: checkPeerjsSettings,
  build: async (settings, log) => {
    const clock = {
      monotonicMs: () => Math.floor(performance.now()), // whole, since every socket keeps some
      wallClockMs: Date.now,
      random: Math.random,
    };
    const { engine, clusterUrl: servers, clusterToken: token } = settings;
    const connection =
      servers.length === 0
        ? undefined
        : await (await import('@relay-swarm/cluster/connect')).connectCluster({ servers, token, log });
    return buildService(settings, log, clock, await loadEngine(engine), undefined, connection).parts;
  },
});
