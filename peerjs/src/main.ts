// The signaling service: its settings, its clocks and its dice. Nothing else in this service touches them.
import { runService } from '@relay-swarm/kit';
import { buildService } from './service.ts';
import { checkPeerjsSettings, peerjsSettings } from './settings.ts';

await runService({
  name: 'peerjs',
  settings: peerjsSettings,
  check: checkPeerjsSettings,
  build: (settings, log) =>
    buildService(settings, log, {
      nowMs: () => Math.floor(performance.now()), // whole, since every socket keeps some
      unixMs: Date.now,
      random: Math.random,
    }).parts,
});
