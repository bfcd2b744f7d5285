// Addresses that may be relays. Nothing is assumed of an address until it has shown its descriptor. Pure; bounded.
import { backoffMs } from '../roster/backoff.ts';
import { isRelayPort } from './public-host.ts';

/** Where the address came from. The operator's come before those of the DHT, where anybody can write. */
export type CandidateSource = 'bootstrap' | 'dht';

export interface Candidate {
  /** "http://host:port", or the URL that the operator gave. */
  readonly origin: string;
  readonly source: CandidateSource;
  failures: number;
  /** Whether it was ever asked. */
  tried: boolean;
  nextAtMs: number;
  asking: boolean;
}

export interface CandidatesOptions {
  readonly candidatesMax: number;
  /** Candidates of one host from the DHT: announcing costs nothing, and each port would be another candidate. */
  readonly perHostMax: number;
  /** Candidates from the DHT that are asked at the same time; the others are counted apart. */
  readonly askingMax: number;
  readonly retryMsMax: number;
  readonly random: () => number;
}

/** A candidate that answered well is asked again after this time: it may have a new key or URL. */
const ANSWERED_MS = 600_000;
/** A DHT candidate that failed this often is forgotten; if it is real it will be announced again. */
const FAILURES_MAX = 3;
/** The operator's own addresses are asked at least this often. */
const BOOTSTRAP_RETRY_MS_MAX = 20_000;

export class Candidates {
  readonly #options: CandidatesOptions;
  readonly #byOrigin = new Map<string, Candidate>();
  readonly #perHost = new Map<string, number>();

  constructor(options: CandidatesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byOrigin.size;
  }

  /** Takes it in; false where it is known already or there is no room. */
  add(origin: string, source: CandidateSource, nowMs: number): boolean {
    if (this.#byOrigin.has(origin)) return false;
    if (source === 'dht') {
      const { hostname: host, port } = new URL(origin);
      if (!isRelayPort(port)) return false;
      const ofHost = this.#perHost.get(host) ?? 0;
      if (ofHost >= this.#options.perHostMax || !this.#makeRoom()) return false;
      this.#perHost.set(host, ofHost + 1);
    }
    this.#byOrigin.set(origin, { origin, source, failures: 0, tried: false, nextAtMs: nowMs, asking: false });
    return true;
  }

  /** Makes it due now, and adds it where it is not known yet. */
  renew(origin: string, nowMs: number): void {
    if (this.add(origin, 'dht', nowMs)) return;
    const known = this.#byOrigin.get(origin);
    if (known !== undefined) known.nextAtMs = Math.min(known.nextAtMs, nowMs);
  }

  /** Those to ask now, marked as being asked: the operator's, then the DHT's in random order, new ones first. */
  take(nowMs: number): Candidate[] {
    let room = this.#options.askingMax;
    const due: Candidate[] = [];
    for (const candidate of this.#byOrigin.values()) {
      if (candidate.asking && candidate.source === 'dht') room--;
      if (!candidate.asking && candidate.nextAtMs <= nowMs) due.push(candidate);
    }
    const own = due.filter(({ source }) => source === 'bootstrap');
    const dht = due.filter(({ source }) => source === 'dht');
    const { random } = this.#options;
    const untried = sample(
      dht.filter(({ failures }) => failures === 0),
      Math.max(0, room),
      random,
    );
    const failed = sample(
      dht.filter(({ failures }) => failures > 0),
      Math.max(0, room - untried.length),
      random,
    );
    const taken = [...own, ...untried, ...failed];
    for (const candidate of taken) candidate.asking = candidate.tried = true;
    return taken;
  }

  answered(candidate: Candidate, nowMs: number): void {
    candidate.asking = false;
    candidate.failures = 0;
    candidate.nextAtMs = nowMs + ANSWERED_MS;
  }

  failed(candidate: Candidate, nowMs: number): void {
    candidate.asking = false;
    candidate.failures++;
    if (candidate.source === 'dht' && candidate.failures >= FAILURES_MAX) this.#remove(candidate);
    const capMs =
      candidate.source === 'dht'
        ? this.#options.retryMsMax
        : Math.min(BOOTSTRAP_RETRY_MS_MAX, this.#options.retryMsMax);
    candidate.nextAtMs = nowMs + backoffMs(candidate.failures, capMs, this.#options.random);
  }

  /** Candidates that were asked make room for new ones: first those that failed. One that answered is known by its descriptor. */
  #makeRoom(): boolean {
    if (this.#byOrigin.size < this.#options.candidatesMax) return true;
    let least: Candidate | undefined;
    for (const candidate of this.#byOrigin.values()) {
      if (candidate.source !== 'dht' || candidate.asking || !candidate.tried) continue;
      if (least === undefined || candidate.failures > least.failures) least = candidate;
    }
    if (least !== undefined) this.#remove(least);
    return least !== undefined;
  }

  #remove({ origin }: Candidate): void {
    this.#byOrigin.delete(origin);
    const host = hostOf(origin);
    const left = (this.#perHost.get(host) ?? 1) - 1;
    if (left > 0) this.#perHost.set(host, left);
    else this.#perHost.delete(host);
  }
}

const hostOf = (origin: string): string => new URL(origin).hostname;

/** Up to `count` of the items, each as likely as any other. */
export function sample<T>(items: readonly T[], count: number, random: () => number): T[] {
  const pool = [...items];
  const taken = Math.min(count, pool.length);
  for (let i = 0; i < taken; i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, taken);
}
