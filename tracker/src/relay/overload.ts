// What a relay that is full, or about to stop, does with the browsers at its door and inside. Pure but for writing the refusal.
import type { Roster } from '@relay-swarm/protocol';
import type { Duplex } from 'node:stream';

const RETRY_AFTER_SECONDS = 30;

/** Answers an upgrade with 503 and the roster, so that a client that understands it goes elsewhere at once. */
export function refuseUpgrade(socket: Duplex, roster: Roster): void {
  const body = JSON.stringify(roster);
  const head = [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Retry-After: ${RETRY_AFTER_SECONDS}`,
    'Cache-Control: no-store',
    'Access-Control-Allow-Origin: *',
    'Connection: close',
  ];
  socket.once('finish', () => socket.destroy()); // a client that never closes its half must not keep ours
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** When to close each of `count` connections, in milliseconds from now: evenly spread, so that they do not all knock at the next relay at once. */
export function spreadCloses(count: number, overMs: number, random: () => number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + random()) / count) * overMs);
}
