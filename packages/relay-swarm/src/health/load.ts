// How full a relay is, from 0 to 1, and what follows: ok, busy or full, with hysteresis. Pure.
import type { RelayState } from '@relay-swarm/protocol';

export interface LoadSample {
  /** Share of one processor that the tracker itself uses, from 0 to 1. Other programs count only by the delays that they cause. */
  readonly cpu: number;
  readonly memory: number;
  /** How full the relay's other services are, from 0 to 1. */
  readonly others: number;
  /** How full the tracker is: its open connections against the most that may be. */
  readonly own: number;
  readonly eventLoopDelayMs: number;
}

export interface LoadRule {
  readonly busyLoad: number;
  readonly fullLoad: number;
  readonly eventLoopDelayFullMs: number;
}

/** How far below a threshold the load must fall before the state changes back, so that it does not flap. */
export const HYSTERESIS = 0.1;
/** Weight of the newest sample: one busy second changes little, half a minute does. */
const NEWEST = 0.5;

export class LoadState {
  readonly #rule: LoadRule;
  #cpu = 0;
  #delayMs = 0;
  #load = 0;
  #state: Exclude<RelayState, 'draining'> = 'ok';

  constructor(rule: LoadRule) {
    this.#rule = rule;
  }

  get load(): number {
    return this.#load;
  }

  get state(): Exclude<RelayState, 'draining'> {
    return this.#state;
  }

  update(sample: LoadSample): void {
    const { busyLoad, fullLoad, eventLoopDelayFullMs } = this.#rule;
    this.#cpu += (sample.cpu - this.#cpu) * NEWEST;
    this.#delayMs += (sample.eventLoopDelayMs - this.#delayMs) * NEWEST;
    // Only connections and delays make it full: a TURN server with many allocations, or a processor that is used up while
    // everybody is answered in time, must not turn the tracker's browsers away.
    const foreign = Math.min(Math.max(this.#cpu, sample.memory, sample.others), fullLoad - HYSTERESIS);
    this.#load = clamp(Math.max(foreign, sample.own, this.#delayMs / eventLoopDelayFullMs));
    this.#state = step(this.#state, this.#load, busyLoad, fullLoad);
  }
}

function step(
  state: Exclude<RelayState, 'draining'>,
  load: number,
  busyLoad: number,
  fullLoad: number,
): Exclude<RelayState, 'draining'> {
  if (load >= fullLoad || (state === 'full' && load > clamp(fullLoad - HYSTERESIS))) return 'full';
  if (load >= busyLoad || (state !== 'ok' && load > clamp(busyLoad - HYSTERESIS))) return 'busy';
  return 'ok';
}

/** From 0 to 1, rounded to thousandths: every digit is sent to every relay. */
const clamp = (value: number): number => Math.round(Math.min(1, Math.max(0, value)) * 1000) / 1000;
