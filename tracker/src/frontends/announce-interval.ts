// How soon clients announce again. A relay that has just started asks for it soon, so that clients that come back after an outage meet within
// seconds; with the usual interval it would take minutes. Pure: the time is passed in.

/** How long after its start it asks for that. */
const STARTED_SECONDS = 180;

/** A function that answers the interval at a time; `startedAtMs` and its argument are of one clock. */
export function createAnnounceInterval(
  settings: { readonly announceIntervalSeconds: number; readonly firstIntervalSeconds: number },
  startedAtMs: number,
): (nowMs: number) => number {
  const { announceIntervalSeconds, firstIntervalSeconds } = settings;
  const first = Math.min(announceIntervalSeconds, firstIntervalSeconds);
  return (nowMs) => (nowMs - startedAtMs < STARTED_SECONDS * 1000 ? first : announceIntervalSeconds);
}
