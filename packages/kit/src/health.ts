// A service's health snapshot in the shared volume (DESIGN §4): health/<service>.json, written every few seconds.
import { join } from 'node:path';
import { writeJsonFile } from './files.ts';
import type { Log } from './log.ts';
import type { Part } from './service.ts';

/** The service's own numbers, flat: "connections" → 12. */
export type Gauges = Readonly<Record<string, number>>;

export interface HealthSnapshot {
  readonly service: string;
  readonly startedAt: string;
  readonly sampledAt: string;
  readonly gauges: Gauges;
}

export interface HealthFileOptions {
  readonly dataDir: string;
  readonly service: string;
  readonly everyMs: number;
  readonly gauges: () => Gauges | Promise<Gauges>;
  readonly log: Log;
}

/** Writes the snapshot at start and then periodically. A full disk is told once, not every period. */
export function createHealthFile({ dataDir, service, everyMs, gauges, log }: HealthFileOptions): Part {
  const file = join(dataDir, 'health', `${service}.json`);
  const startedAt = new Date().toISOString();
  let timer: NodeJS.Timeout | undefined;
  let failing = false;
  let writing: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    try {
      const snapshot: HealthSnapshot = {
        service,
        startedAt,
        sampledAt: new Date().toISOString(),
        gauges: await gauges(),
      };
      await writeJsonFile(file, snapshot);
      failing = false;
    } catch (error) {
      if (!failing) log.error('cannot write the health snapshot', { file, error });
      failing = true;
    }
  };
  return {
    name: 'health-file',
    start: () => {
      timer = setInterval(() => {
        writing = write();
      }, everyMs);
      timer.unref();
      return (writing = write());
    },
    stop: () => {
      clearInterval(timer);
      return writing;
    },
  };
}
