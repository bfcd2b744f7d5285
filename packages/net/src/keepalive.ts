// When a silent connection is pinged, and when it counts as dead: one rule for all services. Silence is told in ping periods, by a clock or by
// looks at the connection, one in each period. Pure.

/** For how many ping periods the other end has been silent; any sign of life sets it to 0. */
export interface Silence {
  readonly periods: number;
  /** At the look before; below 0 where it was heard since. */
  readonly periodsBefore: number;
}

/** `wait`: not yet, or its answers lie unread. */
export type KeepaliveStep = 'wait' | 'ping' | 'end';

/** It is pinged once in each period of its silence, and ended after `periodsMax` of them. While nothing of it is read it is not judged. */
export function keepaliveStep(
  isResting: boolean,
  { periods, periodsBefore }: Silence,
  periodsMax: number,
): KeepaliveStep {
  if (isResting) return 'wait';
  if (periods >= periodsMax) return 'end';
  return Math.floor(periods) > Math.max(0, Math.floor(periodsBefore)) ? 'ping' : 'wait';
}

/** By looks, one in each period: a period is over with each look, and was silent where its ping is unanswered. */
export const keepaliveStepByPings = (
  isResting: boolean,
  pingsUnanswered: number,
  pingsUnansweredMax: number,
): KeepaliveStep =>
  keepaliveStep(
    isResting,
    { periods: pingsUnanswered + 1, periodsBefore: pingsUnanswered },
    pingsUnansweredMax + 1,
  );
