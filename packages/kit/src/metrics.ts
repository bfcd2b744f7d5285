// Prometheus metrics. The only importer of prom-client.
// Hot paths count in plain numbers; `counter` and `gauge` read them when the metrics are fetched.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The value now: one number, or one for each value of the metric's label. */
export type Reading = () => number | Readonly<Record<string, number>>;

export interface Metrics {
  /** Something that only grows; its name ends in `_total`. With a `label`, `read` answers one number for each label value. */
  counter(name: string, help: string, read: Reading, label?: string): void;
  gauge(name: string, help: string, read: Reading, label?: string): void;
  /** Returns the function that observes one value. */
  histogram(name: string, help: string, buckets: readonly number[]): (value: number) => void;
  /** The text that Prometheus scrapes. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Metrics whose names all begin with `prefix_`, with the process's own (CPU, memory, event-loop delay) beside them. */
export function createMetrics(prefix: string): Metrics {
  const registry = new Registry();
  // The library's 10 ms would wake an idle process a hundred times a second.
  collectDefaultMetrics({ register: registry, prefix: `${prefix}_`, eventLoopMonitoringPrecision: 100 });
  const options = (name: string, help: string, label?: string) => ({
    name: `${prefix}_${name}`,
    help,
    registers: [registry],
    labelNames: label === undefined ? [] : [label],
  });
  const report = (
    read: Reading,
    label: string | undefined,
    set: (labels: Record<string, string>, value: number) => void,
  ): void => {
    const reading = read();
    if (typeof reading === 'number') set({}, reading);
    else if (label !== undefined)
      for (const [key, value] of Object.entries(reading)) set({ [label]: key }, value);
  };
  return {
    counter: (name, help, read, label) => {
      new Counter({
        ...options(name, help, label),
        collect() {
          this.reset();
          report(read, label, (labels, value) => this.inc(labels, value));
        },
      });
    },
    gauge: (name, help, read, label) => {
      new Gauge({
        ...options(name, help, label),
        collect() {
          report(read, label, (labels, value) => this.set(labels, value));
        },
      });
    },
    histogram: (name, help, buckets) => {
      const histogram = new Histogram({ ...options(name, help), buckets: [...buckets] });
      return (value) => histogram.observe(value);
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
