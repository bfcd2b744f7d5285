// Pings a wire once in each period, and ends one that has not answered the ping before.
import { keepaliveStepByPings } from '@relay-swarm/net';

const PINGS_UNANSWERED_MAX = 1;

export interface Pinged {
  /** Set to 0 by each sign of life. */
  pingsUnanswered: number;
  readonly isResting: boolean;
  ping(): void;
  terminate(): void;
}

/** Until the timer is cleared. */
export function startPinging(wire: Pinged, periodMs: number): NodeJS.Timeout {
  return setInterval(() => {
    const step = keepaliveStepByPings(wire.isResting, wire.pingsUnanswered, PINGS_UNANSWERED_MAX);
    if (step === 'end') wire.terminate();
    else wire.ping(); // one that rests too: a proxy on the way ends what is silent
    wire.pingsUnanswered++;
  }, periodMs);
}
