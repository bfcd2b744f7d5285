// How the machine and this process are: CPU, memory, network, and how late the event loop runs. The only importer of systeminformation.
import type { MachineHealth } from '@relay-swarm/protocol';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { cpus, networkInterfaces } from 'node:os';
import systemInformation from 'systeminformation';
import { containerMemoryBytes } from './memory-limit.ts';

export interface Sampler {
  sample(): Promise<MachineHealth>;
  stop(): void;
}

/** The histogram also counts its own timer's period. More often would wake a process that has nothing to do, fifty times a second. */
const RESOLUTION_MS = 100;

/** Of all processors since the machine started, in milliseconds. */
export interface ProcessorTimes {
  readonly busy: number;
  readonly all: number;
}

export function createSampler(processorTimes: () => ProcessorTimes = timesOfMachine): Sampler {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let before = processorTimes();
  /** Read by Node: the library runs a program for it, and the whole process waits for that, a quarter of a second on a busy machine. */
  const readCpu = (): number => {
    const now = processorTimes();
    const cpu = share(now.busy - before.busy, now.all - before.all);
    before = now;
    return cpu;
  };
  let used = process.cpuUsage();
  let usedAtMs = performance.now();
  /** Of one processor: Node runs our code on one. */
  const readProcessCpu = (): number => {
    const { user, system } = process.cpuUsage(used);
    const seconds = (performance.now() - usedAtMs) / 1000;
    used = process.cpuUsage();
    usedAtMs = performance.now();
    return share((user + system) / 1e6, seconds);
  };
  return {
    sample: async () => {
      const device = outsideInterface();
      const [memory, network] = await Promise.all([
        systemInformation.mem(),
        // Named, since looking for the default one runs a program and waits for it
        device === undefined ? [] : systemInformation.networkStats(device),
      ]);
      const meanMs = delay.count === 0 ? 0 : delay.mean / 1e6 - RESOLUTION_MS;
      delay.reset();
      return {
        cpu: readCpu(),
        processCpu: readProcessCpu(),
        memory: Math.max(share(memory.active, memory.total), containerMemory()),
        receivedBytesPerSecond: rate(network[0]?.rx_sec),
        sentBytesPerSecond: rate(network[0]?.tx_sec),
        eventLoopDelayMs: Math.max(0, Math.round(meanMs * 10) / 10),
      };
    },
    stop: () => delay.disable(),
  };
}

function timesOfMachine(): ProcessorTimes {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const { user, nice, sys, idle, irq } = times;
    busy += user + nice + sys + irq;
    all += user + nice + sys + irq + idle;
  }
  return { busy, all };
}

function outsideInterface(): string | undefined {
  const found = Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ internal }) => !internal),
  );
  return found?.[0];
}

/** 0 where nothing limits this process. */
function containerMemory(): number {
  const limit = containerMemoryBytes();
  return limit === undefined ? 0 : share(process.memoryUsage.rss(), limit);
}

/** From 0 to 1; 0 where the system gave no number. */
const share = (part: number, whole: number): number => {
  const value = part / whole;
  return Number.isFinite(value) ? Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000 : 0;
};

/** The first sample has nothing before it: null. */
const rate = (perSecond: number | null | undefined): number =>
  typeof perSecond === 'number' && perSecond > 0 ? Math.round(perSecond) : 0;
