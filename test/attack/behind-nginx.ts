// A service behind the bundle's nginx, as its container configures it: attackers and honest clients come through it.
import { statSync } from 'node:fs';
import type { Environment } from '@relay-swarm/kit';
import { NginxUnderTest } from '../../nginx/test/support/nginx.ts';
import type { ServiceName } from './attack.ts';
import { measureTree } from './processes.ts';
import { startService, type RunningService } from './services.ts';

/** nginx writes a line for a request, and whoever asks without end must not fill the disk with them. */
const LOG_BYTES_MAX = 20_000_000;
const LISTENING = '127.0.0.1';

export async function startBehindNginx(
  name: ServiceName,
  settings: Environment,
  tell: (line: string) => void,
): Promise<RunningService> {
  const upper = name.toUpperCase();
  const service = await startService(name, { [`${upper}_TRUSTED_PROXIES`]: LISTENING, ...settings }, tell);
  let errorBytes = 0;
  const nginx = await NginxUnderTest.start(
    {
      [`${upper}_UPSTREAM`]: `${LISTENING}:${service.httpPort}`,
      DEPLOYMENT_MODE: 'local',
      NGINX_CONNECTIONS_MAX: '4096',
    },
    (text) => (errorBytes += text.length),
  );
  measureTree(nginx.pid); // it shares the service's core, as on a machine with one
  return {
    port: nginx.port,
    httpPort: nginx.port,
    memoryLimitBytes: service.memoryLimitBytes,
    memoryBy: service.memoryBy,
    get isAlive() {
      return service.isAlive;
    },
    get output() {
      return service.output;
    },
    get faults() {
      const logBytes = errorBytes + statSync(nginx.settings['NGINX_ACCESS_LOG']!).size;
      return logBytes > LOG_BYTES_MAX ? [`nginx wrote ${Math.round(logBytes / 1e6)} MB of log`] : [];
    },
    peakBytes: () => service.peakBytes(),
    stop: async () => {
      await nginx.stop();
      await service.stop();
    },
  };
}
