// What the ICE agent of this browser finds out with the given servers, for diagnose(): its candidates, and the errors of servers.

export interface Gathered {
  readonly candidates: readonly RTCIceCandidate[];
  /** In the words of the browser; Firefox tells none. */
  readonly errors: readonly string[];
  /** Until the first candidate that a server had to do with. */
  readonly ms: number | undefined;
}

const GATHER_MS_MAX = 8_000;

/** Gathers until the browser is through, somebody aborts, or 8 s are over; with `relay`, until the first relayed address. */
export async function gatherCandidates(
  iceServers: readonly RTCIceServer[],
  iceTransportPolicy: 'all' | 'relay',
  signal: AbortSignal | undefined,
): Promise<Gathered> {
  const connection = new RTCPeerConnection({ iceServers: [...iceServers], iceTransportPolicy });
  const candidates: RTCIceCandidate[] = [];
  const errors = new Set<string>();
  const startedAtMs = performance.now();
  let ms: number | undefined;
  const timeout = AbortSignal.timeout(GATHER_MS_MAX);
  const ending = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    connection.createDataChannel('diagnose');
    await new Promise<void>((resolve, reject) => {
      ending.addEventListener('abort', () => resolve(), { once: true });
      connection.onicecandidateerror = ({ errorCode, errorText }) =>
        errors.add(`${errorCode} ${errorText}`.trim());
      connection.onicecandidate = ({ candidate }) => {
        if (candidate === null) {
          resolve();
          return;
        }
        if (candidate.candidate === '') return; // the end of one component
        candidates.push(candidate);
        if (candidate.type === 'host') return;
        ms ??= Math.round(performance.now() - startedAtMs);
        if (iceTransportPolicy === 'relay') resolve();
      };
      connection.setLocalDescription().catch(reject);
    });
    return { candidates, errors: [...errors], ms };
  } finally {
    connection.close();
  }
}
