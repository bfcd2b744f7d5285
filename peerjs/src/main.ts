// The signaling service: its settings, its clocks and its dice. Nothing else in this service touches them.
import { runService } from '@relay-swarm/kit';
import { buildService } from './app.ts';
import { loadEngine } from './engines.ts';
import { checkPeerjsSettings, peerjsSettings } from './settings.ts';

await runService({
  name: 'peerjs',
  settings: peerjsSettings,
  check: checkPeerjsSettings,
  build: async (settings, log) => {
    const world = {
      nowMs: () => Math.floor(performance.now()), // whole, since every socket keeps some
      unixMs: Date.now,
      random: Math.random,
    };
    return buildService(settings, log, world, await loadEngine(settings.engine)).parts;
  },
});
