// The GunDB relay: a further service of a relay, and the worked example of RELAY_SERVICES.
import { runService } from '@relay-swarm/kit';
import { buildGunRelay } from './service.ts';
import { gunSettings } from './settings.ts';

await runService({
  name: 'gun',
  settings: gunSettings,
  build: (settings, log) => buildGunRelay(settings, log).parts,
});
