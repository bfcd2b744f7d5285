// How one service of the bundle is: health/<service>.json in the shared volume. Written by the service, read by the tracker, both by
// this page. The volume is shared with services that strangers talk to, so it is read field by field.
import { Fields, ProtocolError } from './fields.ts';

/** `draining`: serves its clients and takes no new ones. `stopped`: the last snapshot before it ends. */
const SERVICE_STATES = ['serving', 'draining', 'stopped'] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];

/** Numbers with a meaning for the whole relay. What a service counts besides stands in its /metrics. */
export interface ServiceGauges {
  readonly connections?: number;
  readonly connectionsMax?: number;
  /** Browsers in swarms. */
  readonly peers?: number;
  /** TURN's. */
  readonly allocations?: number;
  readonly allocationsMax?: number;
}

/** How the machine and the service's own process are. */
export interface MachineHealth {
  /** Of all processors, from 0 to 1, since the sample before. */
  readonly cpu: number;
  /** Of one processor, this process alone, from 0 to 1 (1 where it uses more). */
  readonly processCpu: number;
  /** Used of the machine's memory, or of what this container may take where that is fuller; from 0 to 1. */
  readonly memory: number;
  /** Of the interface that leads outside, since the sample before. */
  readonly receivedBytesPerSecond: number;
  readonly sentBytesPerSecond: number;
  /** Mean since the sample before; what a message waits because this process is busy. */
  readonly eventLoopDelayMs: number;
}

export interface ServiceHealth {
  readonly service: string;
  readonly state: ServiceState;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly sampledAt: string;
  /** How often the file is written. */
  readonly periodSeconds: number;
  readonly gauges: ServiceGauges;
  readonly machine: MachineHealth;
}

export const IDLE_MACHINE: MachineHealth = {
  cpu: 0,
  processCpu: 0,
  memory: 0,
  receivedBytesPerSecond: 0,
  sentBytesPerSecond: 0,
  eventLoopDelayMs: 0,
};

export const SERVICE_HEALTH_CHARS_MAX = 65_536;
const DATE_CHARS_MAX = 32;
const PERIOD_SECONDS_MAX = 60;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const GAUGES = [
  'connections',
  'connectionsMax',
  'peers',
  'allocations',
  'allocationsMax',
] as const satisfies (keyof ServiceGauges)[];

/** Relative to the shared volume. */
export const serviceHealthFile = (service: string): string => `health/${service}.json`;

/** What stands in the file: what readServiceHealth() reads, and nothing else. */
export function writeServiceHealth(health: ServiceHealth): unknown {
  const { service, state, startedAt, sampledAt, periodSeconds, machine } = health;
  const { cpu, processCpu, memory, receivedBytesPerSecond, sentBytesPerSecond, eventLoopDelayMs } = machine;
  return {
    service,
    state,
    startedAt,
    sampledAt,
    periodSeconds,
    gauges: Object.fromEntries(GAUGES.map((name) => [name, health.gauges[name]])),
    machine: { cpu, processCpu, memory, receivedBytesPerSecond, sentBytesPerSecond, eventLoopDelayMs },
  };
}

/** Undefined where it is no snapshot. Gauges of another version are left out. */
export function readServiceHealth(value: unknown): ServiceHealth | undefined {
  try {
    const fields = new Fields(value);
    return {
      service: fields.text('service', { charsMax: 32 }),
      state: fields.oneOf('state', SERVICE_STATES),
      startedAt: fields.text('startedAt', { charsMax: DATE_CHARS_MAX }),
      sampledAt: fields.text('sampledAt', { charsMax: DATE_CHARS_MAX }),
      periodSeconds: fields.decimal('periodSeconds', 0, PERIOD_SECONDS_MAX),
      gauges: readGauges(fields.object('gauges')),
      machine: readMachine(fields.object('machine')),
    };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function readGauges(fields: Fields): ServiceGauges {
  const found = GAUGES.filter((name) => fields.has(name));
  return Object.fromEntries(found.map((name) => [name, Math.round(fields.decimal(name, 0, COUNT_MAX))]));
}

const readMachine = (fields: Fields): MachineHealth => ({
  cpu: fields.decimal('cpu', 0, 1),
  processCpu: fields.decimal('processCpu', 0, 1),
  memory: fields.decimal('memory', 0, 1),
  receivedBytesPerSecond: fields.integer('receivedBytesPerSecond', 0, COUNT_MAX),
  sentBytesPerSecond: fields.integer('sentBytesPerSecond', 0, COUNT_MAX),
  eventLoopDelayMs: fields.decimal('eventLoopDelayMs', 0, COUNT_MAX),
});

/** How full the fullest of its limited things is, from 0 to 1. */
export function fillOf({ gauges }: ServiceHealth): number {
  const fill = (used = 0, max = 0): number => (max > 0 ? used / max : 0);
  return Math.max(
    fill(gauges.connections, gauges.connectionsMax),
    fill(gauges.allocations, gauges.allocationsMax),
  );
}
