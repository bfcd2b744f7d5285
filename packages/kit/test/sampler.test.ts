import { createSampler, type ProcessorTimes, type Sampler } from '../src/sampler.ts';

describe('createSampler()', () => {
  let sampler: Sampler;
  beforeEach(() => {
    sampler = createSampler();
  });
  afterEach(() => sampler.stop());

  it('tells what the processors did since the sample before', async () => {
    let times: ProcessorTimes = { busy: 5_000, all: 90_000 };
    const told = createSampler(() => times);
    expect((await told.sample()).cpu).toBe(0);
    times = { busy: 5_250, all: 91_000 };
    expect((await told.sample()).cpu).toBe(0.25);
    times = { busy: 5_350, all: 91_200 };
    expect((await told.sample()).cpu).toBe(0.5);
    told.stop();
  });

  it('tells shares from 0 to 1 and whole rates', async () => {
    await sampler.sample();
    const sample = await sampler.sample();
    expect(sample.memory).toBeGreaterThan(0);
    expect(sample.memory).toBeLessThanOrEqual(1);
    expect(sample.cpu).toBeGreaterThanOrEqual(0);
    expect(sample.cpu).toBeLessThanOrEqual(1);
    expect(Number.isInteger(sample.receivedBytesPerSecond)).toBe(true);
    expect(Number.isInteger(sample.sentBytesPerSecond)).toBe(true);
  });

  it('notices an event loop that is kept from turning', async () => {
    await sampler.sample();
    await new Promise((resolve) => setTimeout(resolve, 250)); // the histogram's timer has to run before it can be late
    const untilMs = performance.now() + 300;
    while (performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect((await sampler.sample()).eventLoopDelayMs).toBeGreaterThan(20);
  });
});
