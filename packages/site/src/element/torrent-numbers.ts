// What the element tells of its torrent once a second, as events and as numbers over the picture.
import type { TorrentStats } from '../torrent/shared-torrent.ts';
import { drawStats } from './overlay.ts';
import type { Way } from './playback.ts';

const EVERY_MS = 1_000;

export interface NumbersOf {
  video(): HTMLVideoElement;
  /** Undefined before there is a torrent. */
  stats(): TorrentStats | undefined;
  way(): Way | undefined;
  /** Where they are drawn; undefined: not wanted now. */
  root(): HTMLElement | undefined;
  say(type: string, detail: unknown): void;
}

export class TorrentNumbers {
  readonly #of: NumbersOf;
  readonly #connected = new Map<string, boolean>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #peers = 0;
  #failOvers = 0;
  #drawnIn: HTMLElement | undefined;

  constructor(of: NumbersOf) {
    this.#of = of;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#connected.clear();
    this.#peers = 0;
    this.#failOvers = 0;
    this.#clear();
  }

  #tick(): void {
    const stats = this.#of.stats();
    if (stats === undefined) return;
    this.#of.say('p2pstats', stats);
    if (stats.peers !== this.#peers) this.#of.say('p2ppeer', { peers: (this.#peers = stats.peers) });
    if (stats.failOvers > this.#failOvers)
      this.#of.say('p2pfailover', { failOvers: (this.#failOvers = stats.failOvers) });
    for (const { url, isConnected } of stats.trackers) {
      const before = this.#connected.get(url);
      this.#connected.set(url, isConnected);
      if (before !== undefined && before !== isConnected) this.#of.say('p2ptracker', { url, isConnected });
    }
    this.#draw(stats);
  }

  #draw(stats: TorrentStats): void {
    const root = this.#of.root();
    if (root !== this.#drawnIn) this.#clear();
    if (root === undefined) return;
    this.#drawnIn = root;
    const { buffered, currentTime } = this.#of.video();
    const ahead = buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - currentTime;
    drawStats(root, { stats, way: this.#of.way(), bufferedSeconds: Math.max(0, ahead) });
  }

  #clear(): void {
    if (this.#drawnIn !== undefined) drawStats(this.#drawnIn, undefined);
    this.#drawnIn = undefined;
  }
}
