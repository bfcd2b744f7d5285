// The service inside the test's process, on a free port, with a clock that the test may move.
import { readSettings, silentLog } from '@relay-swarm/kit';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildService, type PeerjsService } from '../../src/app.ts';
import { loadEngine } from '../../src/engines.ts';
import { checkPeerjsSettings, peerjsSettings, type PeerjsSettings } from '../../src/settings.ts';

export interface RunningService extends PeerjsService {
  readonly port: number;
  readonly dataDir: string;
  /** Makes time pass for everything that measures it; timers are not touched. */
  advance(milliseconds: number): void;
  stop(): Promise<void>;
}

export function settingsFrom(env: Record<string, string> = {}): PeerjsSettings {
  return readSettings(env, peerjsSettings, checkPeerjsSettings);
}

export async function startService(
  env: Record<string, string> = {},
  otherRoutes?: Parameters<typeof buildService>[4],
): Promise<RunningService> {
  const dataDir = await mkdtemp(join(tmpdir(), 'peerjs-test-'));
  let aheadMs = 0;
  const settings = {
    ...settingsFrom({ PEERJS_DRAIN_SECONDS: '0', ...env, DATA_DIR: dataDir }),
    port: 0, // any that is free
  };
  const clock = {
    monotonicMs: () => Math.floor(performance.now()) + aheadMs,
    wallClockMs: () => Date.now() + aheadMs,
    random: () => 0.5,
  };
  const service = buildService(settings, silentLog, clock, await loadEngine(settings.engine), otherRoutes);
  for (const part of service.parts) await part.start();
  return {
    ...service,
    dataDir,
    port: (service.server.http.address() as AddressInfo).port,
    advance: (milliseconds) => void (aheadMs += milliseconds),
    stop: async () => {
      for (const part of service.parts.toReversed()) await part.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
