// Numbers of the last hour as plots. The only importer of uplot.
import uPlot from 'uplot';

export interface Series {
  readonly label: string;
  /** The oldest first. */
  readonly values: readonly number[];
}
export interface Times {
  readonly periodSeconds: number;
  /** Milliseconds since 1970, of the newest value. */
  readonly endsAtMs: number;
}

const HEIGHT = 150;
const HOUR_SECONDS = 3_600;

/** One plot in an element, which it fills; drawn anew when the theme or the width changes. */
export class Plot {
  readonly #root: HTMLElement;
  readonly #label: string;
  #plot: uPlot | undefined;
  #data: uPlot.AlignedData = [[], []];
  #endSeconds = 0;

  constructor(root: HTMLElement, label: string) {
    this.#root = root;
    this.#label = label;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#make());
    new ResizeObserver(() => {
      const width = root.clientWidth;
      if (width > 0) this.#plot?.setSize({ width, height: HEIGHT });
    }).observe(root);
  }

  show({ values }: Pick<Series, 'values'>, { periodSeconds, endsAtMs }: Times): void {
    this.#endSeconds = endsAtMs / 1000;
    const firstSeconds = this.#endSeconds - (values.length - 1) * periodSeconds;
    this.#data = [values.map((_, at) => firstSeconds + at * periodSeconds), [...values]];
    if (this.#plot === undefined) this.#make();
    else this.#plot.setData(this.#data);
  }

  #make(): void {
    this.#plot?.destroy();
    // A canvas understands no custom properties: style/status.css puts the theme's colours into these.
    const { color: accent, borderTopColor: line, outlineColor: quiet } = getComputedStyle(this.#root);
    const font = '12px system-ui, sans-serif';
    const axis = { stroke: quiet, font, ticks: { show: false }, grid: { stroke: line, width: 1 } };
    this.#plot = new uPlot(
      {
        width: Math.max(200, this.#root.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false },
        scales: {
          x: { range: () => [this.#endSeconds - HOUR_SECONDS, this.#endSeconds] },
          y: { range: (_plot, _least, most) => [0, Math.max(4, Math.ceil(most * 1.1))] },
        },
        axes: [
          { ...axis, grid: { show: false }, space: 70, values: (_plot, times) => times.map(timeOf) },
          { ...axis, size: 44, space: 34 },
        ],
        series: [
          {},
          {
            label: this.#label,
            stroke: accent,
            fill: accent.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.12)'),
            width: 2,
            points: { show: false },
          },
        ],
      },
      this.#data,
      this.#root,
    );
  }
}

const timeOf = (seconds: number): string =>
  new Date(seconds * 1000).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });
