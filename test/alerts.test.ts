// The alerts that speak of a cluster, by promtool's own unit tests for rules: when each comes, and that it goes again. That the services have these
// numbers: bundle/operator.test.ts and bundle/cluster.test.ts.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './support/repository.ts';
import { requireTool } from './support/tools.ts';

/** What a node says of itself, a value each 15 seconds. */
type Series = readonly [name: string, instance: string, values: string];

requireTool('promtool')('an alert of a cluster', () => {
  const folder = mkdtempSync(join(tmpdir(), 'alerts-'));
  cpSync(join(root, 'metrics/alerts.yml'), join(folder, 'alerts.yml'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const promtool = (
    series: readonly Series[],
    alert: string,
    at: string,
    expected: readonly object[],
  ): void => {
    const test = {
      interval: '15s',
      input_series: series.map(([name, instance, values]) => ({
        series: `${name}{job="${name.split('_')[0]}",instance="${instance}"}`,
        values,
      })),
      alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }],
    };
    // JSON is YAML.
    const file = join(folder, 'test.json');
    writeFileSync(
      file,
      JSON.stringify({ rule_files: ['alerts.yml'], evaluation_interval: '15s', tests: [test] }),
    );
    execFileSync('promtool', ['test', 'rules', file], { stdio: 'pipe', encoding: 'utf8' });
  };

  const of = (instance: string, severity: string): object => ({ job: 'tracker', instance, severity });

  it('says that the nats-server is away, while it is', () => {
    const series: Series[] = [['tracker_cluster_up', 'tracker:8000', '1x20 0x20 1x20']];
    const expected = [
      {
        exp_labels: of('tracker:8000', 'page'),
        exp_annotations: { summary: 'tracker tracker:8000 does not reach the nats-server and goes on alone' },
      },
    ];
    promtool(series, 'ClusterEngineAway', '5m', []);
    promtool(series, 'ClusterEngineAway', '8m', expected);
    promtool(series, 'ClusterEngineAway', '12m', []);
  });

  it('says that a node is lost, and takes fewer for normal after a while', () => {
    const series: Series[] = [['tracker_cluster_nodes', 'tracker:8000', '3x20 2x100']];
    const expected = [
      {
        exp_labels: of('tracker:8000', 'ticket'),
        exp_annotations: { summary: 'tracker tracker:8000 sees 2 nodes, fewer than in the last 15 minutes' },
      },
    ];
    promtool(series, 'ClusterNodesLost', '6m', []);
    promtool(series, 'ClusterNodesLost', '9m', expected);
    promtool(series, 'ClusterNodesLost', '25m', []);
  });

  it('says that nodes do not agree, and nothing of a node that comes', () => {
    const nodes = (first: string, second: string): Series[] => [
      ['tracker_cluster_nodes', 'tracker:8000', first],
      ['tracker_cluster_nodes', 'tracker-node:8000', second],
    ];
    const summary = 'The nodes of tracker do not agree how many they are';
    const expected = [{ exp_labels: { job: 'tracker', severity: 'page' }, exp_annotations: { summary } }];
    promtool(nodes('2x40', '1x40'), 'ClusterDisagrees', '5m', expected);
    promtool(nodes('2x40', '1x1 2x40'), 'ClusterDisagrees', '5m', []);
  });

  it('says that two trackers are the relay', () => {
    const relays = (count: number): Series[] => [['tracker_cluster_relays', 'tracker:8000', `${count}x60`]];
    const summary = '2 trackers of this domain are the relay, and it must be one';
    promtool(relays(1), 'ClusterRelays', '10m', []);
    promtool(relays(2), 'ClusterRelays', '10m', [
      { exp_labels: { severity: 'ticket' }, exp_annotations: { summary } },
    ]);
  });
});
