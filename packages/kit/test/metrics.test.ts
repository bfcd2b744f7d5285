import { createMetrics } from '../src/metrics.ts';

describe('createMetrics()', () => {
  const metrics = createMetrics('kit_test');
  let frames = 3;
  let refused: Record<string, number> = { too_long: 1 };
  const observe = metrics.histogram('delay_seconds', 'Delay', [0.1, 1]);
  metrics.counter('frames_total', 'Frames', () => frames);
  metrics.counter('refused_total', 'Refusals', () => refused, 'reason');
  metrics.gauge('peers', 'Peers', () => ({ seeder: 2, leecher: 5 }), 'kind');

  it('shows what the readers say at the time of asking', async () => {
    expect(await metrics.text()).toContain('kit_test_frames_total 3\n');
    frames = 8;
    refused = { too_long: 2, 'no "json"\n': 1 };
    const text = await metrics.text();
    expect(text).toContain('# TYPE kit_test_frames_total counter\n');
    expect(text).toContain('kit_test_frames_total 8\n');
    expect(text).toContain('kit_test_refused_total{reason="too_long"} 2\n');
    expect(text).toContain('kit_test_refused_total{reason="no \\"json\\"\\n"} 1\n');
    expect(text).toContain('kit_test_peers{kind="leecher"} 5\n');
  });

  it('sorts observations into buckets', async () => {
    observe(0.05);
    observe(0.5);
    const text = await metrics.text();
    expect(text).toContain('kit_test_delay_seconds_bucket{le="0.1"} 1\n');
    expect(text).toContain('kit_test_delay_seconds_count 2\n');
  });

  it('names every metric after the service, and the process is among them', async () => {
    const names = (await metrics.text()).match(/^[a-z_]+/gm) ?? [];
    expect(names.filter((name) => !name.startsWith('kit_test_'))).toEqual([]);
    expect(names).toContain('kit_test_process_resident_memory_bytes');
    expect(names).toContain('kit_test_nodejs_eventloop_lag_seconds');
  });

  it('keeps two services apart', async () => {
    expect(await createMetrics('other').text()).not.toContain('kit_test_');
  });
});
