// A whole tracker for a test, in this process, with settings as in the environment, on a free port of loopback.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, silentLog, type Environment } from '@relay-swarm/kit';
import { checkTrackerSettings, trackerSettings } from '../../src/settings.ts';
import { buildTracker, type TrackerService } from '../../src/app.ts';

export interface RunningTracker extends TrackerService {
  readonly port: number;
  /** `ws://127.0.0.1:<port>` */
  readonly url: string;
  stop(): Promise<void>;
}

export async function startTracker(env: Environment = {}): Promise<RunningTracker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tracker-test-'));
  const settings = readSettings(
    { DATA_DIR: dataDir, IDENTITY_DIR: join(dataDir, 'identity'), ...env },
    trackerSettings,
    checkTrackerSettings,
  );
  const service = await buildTracker({ ...settings, port: Number(env['TRACKER_PORT'] ?? 0) }, silentLog);
  for (const part of service.parts) await part.start();
  const { port } = service.server;
  return {
    ...service,
    port,
    url: `ws://127.0.0.1:${port}`,
    stop: async () => {
      for (const part of service.parts.toReversed()) await part.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
