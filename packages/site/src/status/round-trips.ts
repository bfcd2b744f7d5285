// The round-trip time from this browser to each relay, over a WebSocket to its tracker: a scrape of nothing (PROTOCOL.md), answered at once.
const EVERY_MS = 5_000;
/** Silent for longer: not reachable from here, whatever others say of it. */
const ANSWER_MS_MAX = 4_000;
const RELAYS_MAX = 32;
const KEPT = 5;
const PING = '{"action":"scrape","info_hash":[]}';

/** Milliseconds, the median of the last few; `failed`: no answer from here; undefined: not asked yet, or not answered yet. */
export type RoundTrip = number | 'failed' | undefined;

export class RoundTrips {
  readonly #probes = new Map<string, Probe>();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Measures these from now on, the first of them where there are many, and no others. */
  watch(urls: readonly string[]): void {
    const wanted = new Set(urls.slice(0, RELAYS_MAX));
    for (const [url, probe] of this.#probes)
      if (!wanted.has(url)) {
        probe.close();
        this.#probes.delete(url);
      }
    for (const url of wanted)
      if (!this.#probes.has(url)) this.#probes.set(url, new Probe(url, this.#changed));
  }

  of(url: string): RoundTrip {
    return this.#probes.get(url)?.value;
  }
}

class Probe {
  readonly #url: string;
  readonly #changed: () => void;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #last: number[] = [];
  #socket: WebSocket | undefined;
  #askedAtMs: number | undefined;
  #hasFailed = false;

  constructor(url: string, changed: () => void) {
    this.#url = url;
    this.#changed = changed;
    this.#timer = setInterval(() => this.#ask(), EVERY_MS);
    this.#open();
  }

  get value(): RoundTrip {
    if (this.#hasFailed) return 'failed';
    return [...this.#last].sort((a, b) => a - b)[Math.floor(this.#last.length / 2)];
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(): void {
    this.#askedAtMs = undefined;
    try {
      const socket = new WebSocket(this.#url);
      this.#socket = socket;
      socket.onopen = () => {
        this.#askedAtMs = undefined; // until now it was the time of connecting
        this.#ask();
      };
      socket.onmessage = () => this.#answered();
      socket.onclose = () => {
        if (this.#socket !== socket) return;
        this.#socket = undefined; // opened again with the next question
        this.#fail();
      };
    } catch {
      this.#fail(); // a page of https: may not open ws:
    }
  }

  #ask(): void {
    if (document.hidden) return; // its timers are late, and nobody looks
    const socket = this.#socket;
    if (socket === undefined) this.#open();
    else if (this.#askedAtMs !== undefined && performance.now() - this.#askedAtMs > ANSWER_MS_MAX) {
      this.#socket = undefined;
      socket.close();
      this.#fail();
    } else if (socket.readyState === WebSocket.OPEN && this.#askedAtMs === undefined) {
      this.#askedAtMs = performance.now();
      socket.send(PING);
    } else if (socket.readyState === WebSocket.CONNECTING) this.#askedAtMs ??= performance.now();
  }

  #answered(): void {
    if (this.#askedAtMs === undefined) return;
    this.#last.push(performance.now() - this.#askedAtMs);
    if (this.#last.length > KEPT) this.#last.shift();
    this.#askedAtMs = undefined;
    this.#hasFailed = false;
    this.#changed();
  }

  #fail(): void {
    this.#hasFailed = true;
    this.#last.length = 0;
    this.#askedAtMs = undefined;
    this.#changed();
  }
}
