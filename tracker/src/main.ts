// The tracker as a process of its own.
import { runService } from '@relay-swarm/kit';
import { checkTrackerSettings, trackerSettings } from './settings.ts';
import { buildTracker } from './app.ts';

await runService({
  name: 'tracker',
  settings: trackerSettings,
  check: checkTrackerSettings,
  build: async (settings, log) => (await buildTracker(settings, log)).parts,
});
