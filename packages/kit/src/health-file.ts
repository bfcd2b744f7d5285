// Writes a service's health to the shared volume every few seconds, and a last word when it stops. What stands in it, and how it
// is read and written: @relay-swarm/protocol/service-health.
import {
  serviceHealthFile,
  writeServiceHealth,
  type ServiceGauges,
  type ServiceHealth,
} from '@relay-swarm/protocol';
import { join } from 'node:path';
import { writeJsonFile } from './files.ts';
import type { Log } from './log.ts';
import { createSampler, type Sampler } from './sampler.ts';
import type { Part } from './service.ts';

export interface HealthFile extends Part {
  /** The snapshot written last; undefined until there is one. */
  latest(): ServiceHealth | undefined;
}

export interface HealthFileOptions {
  readonly dataDir: string;
  readonly service: string;
  readonly everyMs: number;
  readonly gauges: () => ServiceGauges;
  /** Whether it serves its clients and takes no new ones. */
  readonly isDraining: () => boolean;
  readonly log: Log;
  /** How the machine is; measured unless a test says. */
  readonly createSampler?: () => Sampler;
}

/** Writes the snapshot at start and then periodically. A full disk is told once, not every period. */
export function createHealthFile(options: HealthFileOptions): HealthFile {
  const { dataDir, service, everyMs, gauges, isDraining, log } = options;
  const file = join(dataDir, serviceHealthFile(service));
  const startedAt = new Date().toISOString();
  let timer: NodeJS.Timeout | undefined;
  let failing = false;
  let writing: Promise<void> | undefined;
  let sampler: Sampler | undefined;
  let latest: ServiceHealth | undefined;

  const save = async (health: ServiceHealth): Promise<void> => {
    latest = health;
    await writeJsonFile(file, writeServiceHealth(health));
  };
  const write = async (): Promise<void> => {
    try {
      await save({
        service,
        state: isDraining() ? 'draining' : 'serving',
        startedAt,
        sampledAt: new Date().toISOString(),
        periodSeconds: everyMs / 1000,
        gauges: gauges(),
        machine: await (sampler ??= (options.createSampler ?? createSampler)()).sample(),
      });
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
    stop: async () => {
      clearInterval(timer);
      sampler?.stop();
      await writing;
      if (latest === undefined) return;
      // Written at once, so that no client is sent here while the connections are being closed
      const last: ServiceHealth = { ...latest, state: 'stopped', sampledAt: new Date().toISOString() };
      await save(last).catch((error: unknown) =>
        log.error('cannot write the last health snapshot', { file, error }),
      );
    },
  };
}
