// This relay's health, put together from what its services tell in the shared volume. Pure but for reading the files.
import { readJsonFile } from '@relay-swarm/kit';
import {
  fillOf,
  IDLE_MACHINE,
  readServiceHealth,
  SERVICE_HEALTH_CHARS_MAX,
  serviceHealthFile,
  type MachineHealth,
  type RelayHealth,
  type ServiceHealth,
} from '@relay-swarm/protocol';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadSample } from './load.ts';

/** The other services of the bundle that write a snapshot. */
const OTHER_SERVICES = ['peerjs', 'stun'] as const;
export type OtherService = (typeof OTHER_SERVICES)[number];
/** Periods without a snapshot, and a second for a slow disk: not alive. */
const SILENT_PERIODS = 3;
const GRACE_MS = 1_000;
/** All services use one machine's clock: a snapshot dated in the future does not count. */
const AHEAD_MS_MAX = 5_000;

export interface MergedHealth {
  readonly sample: LoadSample;
  /** All but what the load decides and what the signature needs. */
  readonly health: Omit<RelayHealth, 'id' | 'sequence' | 'sampledAt' | 'state' | 'load'>;
}

/**
 * `others`: by name; undefined where the file cannot be read. A service without a file is not missing: an operator may run it
 * elsewhere. A service that drains, has stopped, is silent or whose file cannot be read is missing: no client is sent there.
 */
export function mergeHealth(
  own: ServiceHealth | undefined,
  others: ReadonlyMap<OtherService, ServiceHealth | undefined>,
  nowMs: number,
): MergedHealth {
  const named = [...others];
  const missing = named
    .filter(([, health]) => !isAlive(health, nowMs) || health.state !== 'serving')
    .map(([name]) => name);
  const alive = named.map(([, health]) => health).filter((health) => isAlive(health, nowMs));
  const all = own === undefined ? alive : [own, ...alive];
  // All services run on one machine, but each sees only its own container's memory and network: the highest value is closest to the truth
  const most = (of: keyof MachineHealth): number => Math.max(0, ...all.map(({ machine }) => machine[of]));
  const memory = most('memory');
  const { processCpu, eventLoopDelayMs } = own?.machine ?? IDLE_MACHINE;
  return {
    sample: {
      cpu: processCpu,
      memory,
      others: Math.max(0, ...alive.map(fillOf)),
      own: own === undefined ? 0 : fillOf(own),
      eventLoopDelayMs,
    },
    health: {
      cpu: most('cpu'),
      memory,
      receivedBytesPerSecond: most('receivedBytesPerSecond'),
      sentBytesPerSecond: most('sentBytesPerSecond'),
      connections: own?.gauges.connections ?? 0,
      peers: own?.gauges.peers ?? 0,
      allocations: alive.reduce((sum, { gauges }) => sum + (gauges.allocations ?? 0), 0),
      missing,
    },
  };
}

function isAlive(health: ServiceHealth | undefined, nowMs: number): health is ServiceHealth {
  if (health === undefined || health.state === 'stopped') return false;
  const ageMs = nowMs - Date.parse(health.sampledAt); // NaN is within no bounds
  return ageMs >= -AHEAD_MS_MAX && ageMs <= SILENT_PERIODS * health.periodSeconds * 1000 + GRACE_MS;
}

/** What the other services have told last. */
export async function readOthers(dataDir: string): Promise<Map<OtherService, ServiceHealth | undefined>> {
  const found = new Map<OtherService, ServiceHealth | undefined>();
  for (const name of OTHER_SERVICES) {
    const file = join(dataDir, serviceHealthFile(name));
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    // A file that cannot be read is ignored: another service's file must not stop this relay from reporting its health
    const value = await readJsonFile(file, SERVICE_HEALTH_CHARS_MAX).catch(() => undefined);
    if (isThere) found.set(name, readServiceHealth(value));
  }
  return found;
}
