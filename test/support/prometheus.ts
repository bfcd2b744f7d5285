// A real Prometheus (Debian's) with the shipped configuration, asking the containers at their addresses.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../scripts/lib/free-port.mjs';
import { root } from './repository.ts';

const metrics = join(root, 'metrics');

interface Target {
  readonly labels: { readonly job: string };
  readonly health: string;
  readonly lastError: string;
}

export class Prometheus {
  readonly #port: number;
  readonly #child: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.#port = port;
    this.#child = child;
  }

  /** `addresses`: where each target of the shipped configuration really is. */
  static async start(folder: string, addresses: Readonly<Record<string, string>>): Promise<Prometheus> {
    mkdirSync(folder);
    cpSync(join(metrics, 'alerts.yml'), join(folder, 'alerts.yml'));
    let config = readFileSync(join(metrics, 'prometheus.yml'), 'utf8').replaceAll('15s', '1s');
    for (const [target, address] of Object.entries(addresses))
      config = config.replace(`'${target}'`, `'${address}'`);
    writeFileSync(join(folder, 'prometheus.yml'), config);
    const port = await freePort();
    const args = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    return new Prometheus(port, spawn('prometheus', args, { stdio: 'ignore' }));
  }

  /** What a page of the HTTP API says; undefined while it is not there yet. */
  async ask<T>(path: string): Promise<T | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}/api/v1/${path}`);
      return ((await response.json()) as { data: T }).data;
    } catch {
      return undefined; // not listening yet
    }
  }

  async targets(): Promise<readonly Target[]> {
    return (await this.ask<{ activeTargets: Target[] }>('targets'))?.activeTargets ?? [];
  }

  /** Metrics that the targets describe, those without a value yet among them. */
  async names(): Promise<readonly string[]> {
    return Object.keys((await this.ask<object>('metadata')) ?? {});
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** What promtool has to say about the shipped configuration and its rules. */
export function promtoolComplaints(): string {
  try {
    execFileSync('promtool', ['check', 'config', join(metrics, 'prometheus.yml')], { stdio: 'pipe' });
    return '';
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr);
  }
}

/** Every metric that the alerts and the dashboard speak of. */
export function namesInUse(): readonly string[] {
  const dashboard = JSON.parse(readFileSync(join(metrics, 'grafana/dashboard.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const alerts = [...readFileSync(join(metrics, 'alerts.yml'), 'utf8').matchAll(/^ +expr: (.*)$/gm)].map(
    ([, expr]) => expr!,
  );
  const all = [...alerts, ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))].join(
    ' ',
  );
  // {__name__=~"(a|b)_c"} stands for a_c and b_c.
  const spread = all.replace(/\{__name__=~"\(([^)]*)\)([^"]*)"\}/g, (_, services: string, rest: string) =>
    services
      .split('|')
      .map((service) => service + rest)
      .join(' '),
  );
  return [...new Set(spread.match(/\b(tracker|peerjs|stun|relay_swarm|nginx)_[a-z0-9_]+/g))];
}
