// How long a relay takes to answer one question over a WebSocket of its own, opening included.

const QUESTION = '{"action":"scrape","info_hash":[]}'; // of nothing (PROTOCOL.md): every tracker answers at once

/** In milliseconds; undefined where nothing comes in time. Never rejects. */
export function pingRelay(url: string, msMax: number, signal?: AbortSignal): Promise<number | undefined> {
  const startedAtMs = performance.now();
  const timeout = AbortSignal.timeout(msMax);
  const ending = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const socket = new WebSocket(url);
  return new Promise<number | undefined>((resolve) => {
    socket.onopen = () => socket.send(QUESTION);
    socket.onmessage = () => resolve(Math.round(performance.now() - startedAtMs));
    socket.onclose = () => resolve(undefined);
    ending.addEventListener('abort', () => resolve(undefined), { once: true });
  }).finally(() => socket.close());
}
