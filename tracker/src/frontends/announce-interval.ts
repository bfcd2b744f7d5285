// How soon clients shall announce again. A relay that has just started asks for it soon: those who come back after an outage meet within
// seconds, where the usual interval would keep them apart for minutes. Pure: the time is passed in.

/** So long after its start. */
export const STARTED_SECONDS = 180;

/** A function that answers the interval at a time; `startedAtMs` and its argument are of one clock. */
export function createAnnounceInterval(
  settings: { readonly announceIntervalSeconds: number; readonly firstIntervalSeconds: number },
  startedAtMs: number,
): (nowMs: number) => number {
  const { announceIntervalSeconds, firstIntervalSeconds } = settings;
  const first = Math.min(announceIntervalSeconds, firstIntervalSeconds);
  return (nowMs) => (nowMs - startedAtMs < STARTED_SECONDS * 1000 ? first : announceIntervalSeconds);
}
