import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJsonFile } from '../src/files.ts';
import { readServiceHealth, type ServiceGauges } from '@relay-swarm/protocol';
import { createHealthFile, type HealthFileOptions } from '../src/health-file.ts';
import { silentLog } from '../src/log.ts';
import type { Sampler } from '../src/sampler.ts';
import type { Part } from '../src/service.ts';

const machine = {
  cpu: 0.5,
  processCpu: 0.1,
  memory: 0.25,
  receivedBytesPerSecond: 1,
  sentBytesPerSecond: 2,
  eventLoopDelayMs: 3,
};
const createSampler = (): Sampler => ({ sample: () => Promise.resolve(machine), stop: () => undefined });

describe('the health file', () => {
  let dataDir: string;
  let part: Part | undefined;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'kit-health-'));
  });
  afterEach(async () => {
    await part?.stop();
    await rm(dataDir, { recursive: true });
  });
  const create = (gauges: () => ServiceGauges, changes: Partial<HealthFileOptions> = {}): Part => {
    const isDraining = (): boolean => false;
    const options = { dataDir, service: 'tracker', everyMs: 5, gauges, isDraining, log: silentLog };
    return (part = createHealthFile({ ...options, createSampler, ...changes }));
  };
  const read = async () => readServiceHealth(await readJsonFile(join(dataDir, 'health', 'tracker.json')));

  it('is there once the part has started', async () => {
    await create(() => ({ connections: 12 })).start();
    expect(await read()).toEqual({
      service: 'tracker',
      state: 'serving',
      periodSeconds: 0.005,
      startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      sampledAt: expect.stringMatching(/^\d{4}-.*Z$/),
      gauges: { connections: 12 },
      machine,
    });
  });

  it('says that the service drains, and with its last word that it has stopped', async () => {
    const started = create(() => ({ connections: 3 }), { isDraining: () => true });
    await started.start();
    expect(await read()).toMatchObject({ state: 'draining' });
    await started.stop();
    expect(await read()).toMatchObject({ state: 'stopped', gauges: { connections: 3 } });
  });

  it('is written again and again, until the part stops', async () => {
    let samples = 0;
    let third = (): void => undefined;
    const seen = new Promise<void>((resolve) => (third = resolve));
    const started = create(() => {
      if (++samples === 3) third();
      return { peers: samples };
    });
    await started.start();
    await seen;
    await started.stop();
    const last = (await read())?.gauges.peers ?? 0;
    expect(last).toBeGreaterThanOrEqual(2);
    expect(last).toBe(samples);
  });

  it('never has two samples under way, however slow one is', async () => {
    let running = 0;
    let most = 0;
    let samples = 0;
    const sample = async (): Promise<typeof machine> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20)); // four periods
      running--;
      samples++;
      return machine;
    };
    const started = create(() => ({}), {
      createSampler: () => ({ sample, stop: () => undefined }),
    });
    await started.start();
    await new Promise((resolve) => setTimeout(resolve, 60));
    await started.stop();
    expect(most).toBe(1);
    expect(samples).toBeGreaterThan(1);
  });

  it('tells once of a disk that fails, and again after it had recovered', async () => {
    const told: string[] = [];
    let failures = 0;
    let isBroken = true;
    let next = (): void => undefined;
    const samples = (count: number): Promise<void> =>
      new Promise((resolve) => {
        next = () => {
          if (--count === 0) resolve();
        };
      });
    await create(
      () => {
        next();
        if (isBroken) throw new Error(`failure ${++failures}`);
        return {};
      },
      { log: { ...silentLog, error: (message) => told.push(message) } },
    ).start();
    await samples(3);
    expect(told).toEqual(['cannot write the health snapshot']);
    isBroken = false;
    await samples(2);
    isBroken = true;
    await samples(3);
    expect(told).toHaveLength(2);
  });

  it('does not keep a service from starting where its folder cannot be made', async () => {
    await writeFile(join(dataDir, 'health'), 'a file where a folder should be');
    const told: string[] = [];
    await create(() => ({}), { log: { ...silentLog, error: (message) => told.push(message) } }).start();
    expect(told).toHaveLength(1);
  });
});
