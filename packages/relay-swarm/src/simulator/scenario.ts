// What is asked of a simulated swarm: how soon all know all, what it costs, whether any two relays answer alike. The bars are in the tests.
import { idStart, rankRelays, type SignedDescriptor } from '@relay-swarm/protocol';
import { randomHex } from './dice.ts';
import type { SimulatedRelay } from './simulated-relay.ts';
import type { SimulatedSwarm } from './simulated-swarm.ts';

/** Relays that everybody should know, and that should know everybody: a newcomer has two minutes. */
const SETTLED_MS = 120_000;
const KNOWN_SHARE = 0.99;

export interface ChurnFigures {
  readonly relays: number;
  readonly minutes: number;
  readonly came: number;
  readonly went: number;
  readonly bytesPerSecond: { readonly mean: number; readonly most: number };
  readonly messagesPerSecond: number;
  readonly sessions: { readonly mean: number; readonly most: number };
  /** Share of random keys for which two random relays name the same first k, in the same order. */
  readonly agreement: number;
  /** Seconds until 99 % of all knew a newcomer: the median and the slowest; `unknown`: of those that had two minutes, how many were not. */
  readonly newcomer: { readonly median: number; readonly most: number; readonly unknown: number };
  /** Seconds until 99 % of all had dropped one that went. */
  readonly gone: { readonly median: number; readonly most: number };
  /** Relays without a session, or not connected with the most by any path of sessions. */
  readonly isolated: number;
  readonly members: { readonly least: number; readonly mean: number };
}

export interface ChurnOptions {
  readonly minutes: number;
  /** Of all, in an hour. */
  readonly churn: number;
  readonly keys?: number;
  readonly k?: number;
  /** Not counted: views that have just begun. */
  readonly warmUpMinutes?: number;
}

export function runChurn(swarm: SimulatedSwarm, options: ChurnOptions): ChurnFigures {
  const { minutes, churn, keys = 1_000, k = 3, warmUpMinutes = 2 } = options;
  swarm.run(warmUpMinutes * 60_000);
  const before = new Map(
    swarm.up.map((relay) => [relay, { bytes: relay.bytesSent, messages: relay.messagesSent }]),
  );
  const beganAtMs = swarm.nowMs;
  const perSecond = (swarm.up.length * churn) / 3_600;
  const watch = new Watch(swarm);
  let due = 0;
  let went = 0;
  let came = 0;
  const step = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      for (due += perSecond; due >= 1; due--) {
        const up = swarm.up;
        const one = up[Math.floor(swarm.random() * up.length)]!;
        swarm.stop(one, swarm.random() < 0.5 ? 'killed' : 'cut');
        watch.went(one);
        watch.came(swarm.add(pickSome(swarm, 3)));
        went++;
        came++;
      }
      swarm.run(1_000);
      if (second % WATCH_SECONDS === 0) watch.look();
    }
  };
  step(minutes * 60);
  const seconds = (swarm.nowMs - beganAtMs) / 1000;
  const stayed = [...before].filter(([{ life }]) => life === 'up');
  const bytes = stayed.map(([relay, { bytes: of }]) => (relay.bytesSent - of) / seconds);
  const messages = stayed.map(([relay, { messages: of }]) => (relay.messagesSent - of) / seconds);
  const sessions = swarm.up.map(({ view }) => view.size);
  const settled = settledOf(swarm);
  const members = settled.map(({ membership }) => membership.table.size);
  return {
    relays: swarm.up.length,
    ...{ minutes, came, went },
    bytesPerSecond: { mean: mean(bytes), most: largest(bytes) },
    messagesPerSecond: mean(messages),
    sessions: { mean: mean(sessions), most: largest(sessions) },
    agreement: agreementOf(swarm, keys, k),
    newcomer: watch.newcomers,
    gone: watch.gone,
    isolated: isolatedOf(swarm),
    members: { least: members.reduce((a, b) => Math.min(a, b), Infinity), mean: mean(members) },
  };
}

/** Seconds until every relay has every other in its table, or undefined where that took longer. */
export function runUntilComplete(swarm: SimulatedSwarm, secondsMax: number): number | undefined {
  const begunAtMs = swarm.nowMs;
  while (swarm.nowMs - begunAtMs < secondsMax * 1000) {
    if (isComplete(swarm)) return (swarm.nowMs - begunAtMs) / 1000;
    swarm.run(1_000);
  }
  return undefined;
}

/** Whether each table holds exactly those that are up. */
export function isComplete(swarm: SimulatedSwarm): boolean {
  const { up } = swarm;
  return up.every(({ membership: { table } }) => {
    if (table.size !== up.length) return false;
    for (const { descriptor } of up) if (table.get(idStart(descriptor.id)) === undefined) return false;
    return true;
  });
}

/** Seconds until each side of a cut offers itself and nobody else to this share, and how soon all are whole again after it. */
export function runCut(
  swarm: SimulatedSwarm,
  minutes: number,
  share = KNOWN_SHARE,
): { cut: number | undefined; healed: number | undefined } {
  const up = swarm.up;
  swarm.cut(({ index }) => index % 2);
  const rightShare = (): number => {
    let right = 0;
    for (const { membership, side } of up)
      for (const other of up)
        if ((membership.table.get(idStart(other.descriptor.id)) !== undefined) === (other.side === side))
          right++;
    return right / up.length ** 2;
  };
  const until = (secondsMax: number): number | undefined => {
    const begunAtMs = swarm.nowMs;
    while (swarm.nowMs - begunAtMs < secondsMax * 1000) {
      swarm.run(5_000);
      if (rightShare() >= share) return (swarm.nowMs - begunAtMs) / 1000;
    }
    return undefined;
  };
  const cut = until(minutes * 60);
  swarm.run(60_000);
  swarm.cut(() => 0);
  return { cut, healed: until(3_600) };
}

/** Of random keys: how often two random settled relays name the same first k. */
export function agreementOf(swarm: SimulatedSwarm, keys: number, k: number): number {
  const { random } = swarm;
  const settled = settledOf(swarm);
  const any = (): SimulatedRelay => settled[Math.floor(random() * settled.length)]!;
  let alike = 0;
  for (let i = 0; i < keys; i++) {
    const key = randomHex(random, 5);
    if (firstOf(any(), key, k) === firstOf(any(), key, k)) alike++;
  }
  return alike / keys;
}

/** Relays that no chain of sessions connects with most of the others. */
export function isolatedOf(swarm: SimulatedSwarm): number {
  const left = new Set(swarm.up);
  let largestPart = 0;
  for (const relay of left) {
    let size = 0;
    const waiting = [relay];
    left.delete(relay);
    for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
      size++;
      for (const { other } of one.view.values()) {
        if (left.delete(other.at)) waiting.push(other.at);
      }
    }
    largestPart = Math.max(largestPart, size);
  }
  return swarm.up.length - largestPart;
}

/** Some that are up, for a newcomer to begin with. */
export function pickSome(swarm: SimulatedSwarm, count: number): SimulatedRelay[] {
  const up = swarm.up;
  return Array.from(
    { length: Math.min(count, up.length) },
    () => up[Math.floor(swarm.random() * up.length)]!,
  );
}

const WATCH_SECONDS = 5;

interface Watched {
  readonly relay: SimulatedRelay;
  readonly sinceMs: number;
  seconds: number | undefined;
}

/** When almost all knew of those that came, and no more of those that went. */
class Watch {
  readonly #swarm: SimulatedSwarm;
  readonly #came: Watched[] = [];
  readonly #went: Watched[] = [];

  constructor(swarm: SimulatedSwarm) {
    this.#swarm = swarm;
  }

  came(relay: SimulatedRelay): void {
    this.#came.push({ relay, sinceMs: this.#swarm.nowMs, seconds: undefined });
  }

  went(relay: SimulatedRelay): void {
    this.#went.push({ relay, sinceMs: this.#swarm.nowMs, seconds: undefined });
  }

  look(): void {
    const { nowMs } = this.#swarm;
    const settled = settledOf(this.#swarm);
    const shareOf = (descriptor: SignedDescriptor): number => {
      const start = idStart(descriptor.id);
      return (
        settled.filter(({ membership }) => membership.table.get(start) !== undefined).length / settled.length
      );
    };
    for (const one of this.#came) {
      if (
        one.seconds === undefined &&
        one.relay.life === 'up' &&
        shareOf(one.relay.descriptor) >= KNOWN_SHARE
      )
        one.seconds = (nowMs - one.sinceMs) / 1000;
    }
    for (const one of this.#went) {
      if (one.seconds === undefined && shareOf(one.relay.descriptor) <= 1 - KNOWN_SHARE)
        one.seconds = (nowMs - one.sinceMs) / 1000;
    }
  }

  get newcomers(): ChurnFigures['newcomer'] {
    const { nowMs } = this.#swarm;
    const old = this.#came.filter(
      ({ relay, sinceMs }) => relay.life === 'up' && nowMs - sinceMs > SETTLED_MS,
    );
    const unknown = old.filter(({ seconds }) => seconds === undefined).length;
    return { ...summary(this.#came), unknown };
  }

  get gone(): ChurnFigures['gone'] {
    return summary(this.#went);
  }
}

function summary(watched: readonly Watched[]): { median: number; most: number } {
  const seconds = watched.flatMap((one) => one.seconds ?? []).sort((a, b) => a - b);
  return { median: seconds[seconds.length >> 1] ?? NaN, most: seconds.at(-1) ?? NaN };
}

const settledOf = (swarm: SimulatedSwarm): SimulatedRelay[] =>
  swarm.up.filter(({ startedAtMs }) => startedAtMs === 0 || swarm.nowMs - startedAtMs > SETTLED_MS);

function firstOf({ membership }: SimulatedRelay, key: string, k: number): string {
  const ids: { id: string }[] = [];
  for (const { record } of membership.table.all()) ids.push(record.descriptor);
  return rankRelays(key, ids, k)
    .map(({ id }) => id)
    .join();
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const largest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);
