// This relay's health, put together from what its services tell in the shared volume. Pure but for reading the files.
import { readJsonFile, type MachineSample } from '@relay-swarm/kit';
import { Fields, ProtocolError, type RelayHealth } from '@relay-swarm/protocol';
import { join } from 'node:path';
import type { LoadSample } from './load.ts';

/** What counts of a service's snapshot. */
export interface ServiceHealth {
  readonly sampledAtMs: number;
  readonly connections: number;
  readonly peers: number;
  readonly allocations: number;
  /** The fullest of its limited things, from 0 to 1. */
  readonly fill: number;
  readonly machine: MachineSample;
}

/** The other services of the bundle that write a snapshot. */
export const OTHER_SERVICES = ['peerjs', 'stun'] as const;
export type OtherService = (typeof OTHER_SERVICES)[number];
/** Silent for longer: missing. */
const SERVICE_SILENT_MS_MAX = 30_000;
const FILE_BYTES_MAX = 65_536;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** undefined where the text is no snapshot: the volume is shared with services that strangers talk to. */
export function readServiceHealth(value: unknown): ServiceHealth | undefined {
  try {
    const fields = new Fields(value);
    const gauges = fields.object('gauges');
    const count = (name: string): number =>
      gauges.has(name) ? Math.round(gauges.decimal(name, 0, COUNT_MAX)) : 0;
    const fill = (used: string, max: string): number => (count(max) > 0 ? count(used) / count(max) : 0);
    return {
      sampledAtMs: Date.parse(fields.text('sampledAt', { charsMax: 32 })) || 0,
      connections: count('connections'),
      peers: count('peers'),
      allocations: count('allocations'),
      fill: Math.max(fill('connections', 'connectionsMax'), fill('allocations', 'allocationsMax')),
      machine: readMachine(fields),
    };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function readMachine(snapshot: Fields): MachineSample {
  if (!snapshot.has('machine')) return NO_MACHINE;
  const fields = snapshot.object('machine');
  return {
    cpu: fields.decimal('cpu', 0, 1),
    memory: fields.decimal('memory', 0, 1),
    receivedBytesPerSecond: fields.integer('receivedBytesPerSecond', 0, COUNT_MAX),
    sentBytesPerSecond: fields.integer('sentBytesPerSecond', 0, COUNT_MAX),
    eventLoopDelayMs: fields.decimal('eventLoopDelayMs', 0, COUNT_MAX),
  };
}

const NO_MACHINE: MachineSample = {
  cpu: 0,
  memory: 0,
  receivedBytesPerSecond: 0,
  sentBytesPerSecond: 0,
  eventLoopDelayMs: 0,
};

export interface MergedHealth {
  readonly sample: LoadSample;
  /** All but what the load decides and what the signature needs. */
  readonly health: Omit<RelayHealth, 'id' | 'sequence' | 'sampledAt' | 'state' | 'load'>;
}

/** A service that has never told anything is not missing: an operator may run it elsewhere. */
export function mergeHealth(
  own: ServiceHealth | undefined,
  others: ReadonlyMap<OtherService, ServiceHealth>,
  nowMs: number,
): MergedHealth {
  const missing: OtherService[] = [];
  const alive: ServiceHealth[] = [];
  for (const [name, service] of others) {
    if (nowMs - service.sampledAtMs > SERVICE_SILENT_MS_MAX) missing.push(name);
    else alive.push(service);
  }
  const all = own === undefined ? alive : [own, ...alive];
  // All see the same machine, each its own container's memory and network: the most that one sees is the least that is true
  const most = (of: keyof MachineSample): number => Math.max(0, ...all.map(({ machine }) => machine[of]));
  const cpu = most('cpu');
  const memory = most('memory');
  return {
    sample: {
      cpu,
      memory,
      others: Math.max(0, ...alive.map(({ fill }) => fill)),
      own: own?.fill ?? 0,
      eventLoopDelayMs: own?.machine.eventLoopDelayMs ?? 0,
    },
    health: {
      cpu,
      memory,
      receivedBytesPerSecond: most('receivedBytesPerSecond'),
      sentBytesPerSecond: most('sentBytesPerSecond'),
      connections: own?.connections ?? 0,
      peers: own?.peers ?? 0,
      allocations: alive.reduce((sum, { allocations }) => sum + allocations, 0),
      missing,
    },
  };
}

/** What the other services have told last. */
export async function readOthers(dataDir: string): Promise<Map<OtherService, ServiceHealth>> {
  const found = new Map<OtherService, ServiceHealth>();
  for (const name of OTHER_SERVICES) {
    // What cannot be read tells nothing: another service's file must not keep this relay from telling how it is
    const file = join(dataDir, 'health', `${name}.json`);
    const health = readServiceHealth(await readJsonFile(file, FILE_BYTES_MAX).catch(() => undefined));
    if (health !== undefined) found.set(name, health);
  }
  return found;
}
