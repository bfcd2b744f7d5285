// A service's health snapshot in the shared volume (DESIGN §4): health/<service>.json, written every few seconds.
import { join } from 'node:path';
import { writeJsonFile } from './files.ts';
import type { Log } from './log.ts';
import { createSampler, type MachineSample, type Sampler } from './sampler.ts';
import type { Part } from './service.ts';

/** The service's own numbers, flat: "connections" → 12. */
export type Gauges = Readonly<Record<string, number>>;

export interface HealthSnapshot {
  readonly service: string;
  readonly startedAt: string;
  readonly sampledAt: string;
  readonly gauges: Gauges;
  readonly machine: MachineSample;
}

export interface HealthFile extends Part {
  /** The snapshot written last; undefined until there is one. */
  latest(): HealthSnapshot | undefined;
}

export interface HealthFileOptions {
  readonly dataDir: string;
  readonly service: string;
  readonly everyMs: number;
  readonly gauges: () => Gauges | Promise<Gauges>;
  readonly log: Log;
  /** How the machine is; measured unless a test says. */
  readonly createSampler?: () => Sampler;
}

/** Writes the snapshot at start and then periodically. A full disk is told once, not every period. */
export function createHealthFile(options: HealthFileOptions): HealthFile {
  const { dataDir, service, everyMs, gauges, log } = options;
  const file = join(dataDir, 'health', `${service}.json`);
  const startedAt = new Date().toISOString();
  let timer: NodeJS.Timeout | undefined;
  let failing = false;
  let writing: Promise<void> | undefined;
  let sampler: Sampler | undefined;
  let latest: HealthSnapshot | undefined;

  const write = async (): Promise<void> => {
    try {
      latest = {
        service,
        startedAt,
        sampledAt: new Date().toISOString(),
        gauges: await gauges(),
        machine: await (sampler ??= (options.createSampler ?? createSampler)()).sample(),
      };
      await writeJsonFile(file, latest);
      failing = false;
    } catch (error) {
      if (!failing) log.error('cannot write the health snapshot', { file, error });
      failing = true;
    }
  };
  return {
    name: 'health-file',
    latest: () => latest,
    start: () => {
      // A disk that is slower than the period must not have ever more writes to do, nor an old sample overtake a new one.
      const writeNext = (): Promise<void> => (writing ??= write().finally(() => (writing = undefined)));
      timer = setInterval(() => void writeNext(), everyMs);
      timer.unref();
      return writeNext();
    },
    stop: () => {
      clearInterval(timer);
      sampler?.stop();
      return writing ?? Promise.resolve();
    },
  };
}
