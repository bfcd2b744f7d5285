// What a relay that is full, or about to stop, does with the browsers at its door and inside. Pure but for writing the refusal.
import type { Roster } from '@relay-swarm/protocol';
import type { Duplex } from 'node:stream';

const RETRY_AFTER_SECONDS = 30;

const READING_MS_MAX = 2_000;

/** Answers an upgrade with 503 and the roster, so that a client that understands it goes elsewhere at once; or with a reason. */
export function refuseUpgrade(
  socket: Duplex,
  answer: Roster | { readonly error: string },
  readingMsMax = READING_MS_MAX,
): void {
  const body = JSON.stringify(answer);
  const head = [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Retry-After: ${RETRY_AFTER_SECONDS}`,
    'Cache-Control: no-store',
    'Access-Control-Allow-Origin: *',
    'Connection: close',
  ];
  const deadline = setTimeout(() => socket.destroy(), readingMsMax); // a client that does not read must not keep it
  socket.once('close', () => clearTimeout(deadline));
  socket.once('finish', () => socket.destroy()); // a client that never closes its half must not keep ours
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** When to close each of `count` connections, in milliseconds from now: evenly spread, so that they do not all knock at the next relay at once. */
export function spreadCloses(count: number, overMs: number, random: () => number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + random()) / count) * overMs);
}
