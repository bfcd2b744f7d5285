// The STUN/TURN service. SIGHUP reads secrets and certificate again; SIGUSR2 drains: no new allocations, the others stay. With STUN_WORKERS
// this program is also that of the processes that serve.
import { runService } from '@relay-swarm/kit';
import { buildStun } from './app.ts';
import { checkSettings, settings } from './settings.ts';
import { isWorker, runWorker } from './workers/worker.ts';

if (isWorker()) runWorker();
else
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
