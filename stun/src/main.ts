// The STUN/TURN service. SIGHUP reads secrets and certificate again; SIGUSR2 drains: no new allocations, the others stay.
import { runService } from '@relay-swarm/kit';
import { buildStun } from './app.ts';
import { checkSettings, settings } from './settings.ts';

await runService({
  name: 'stun',
  settings,
  check: checkSettings,
  build: async (found, log) => {
    const stun = await buildStun(found, log);
    process.on('SIGHUP', () => void stun.reload());
    process.on('SIGUSR2', () => {
      log.info('draining');
      stun.engine.drain();
    });
    return stun.parts;
  },
});
