import type { Connection } from '../../src/transport/connection.ts';
import type { Graffiti } from '../../src/frontends/graffiti/graffiti.ts';
import type { Keeper } from '../../src/transport/keepalive.ts';
import { Receiver } from '../../src/transport/frame-router.ts';
import type { WebTorrent } from '../../src/frontends/webtorrent/webtorrent.ts';

const PROOF = Buffer.from('a'.repeat(64));
const REQUEST = Buffer.from('{}');

/** A Graffiti peer each of whose requests causes so many pushes, and what came of 20 requests at once. */
function ask(pushes: number): { handled: number; tooMany: number } {
  let handled = 0;
  const receiver = new Receiver({
    webTorrent: {} as WebTorrent,
    graffiti: { open: () => ({ handle: () => (handled++, pushes) }) } as unknown as Graffiti,
    keeper: { hasSpoken: () => undefined } as unknown as Keeper,
    announces: { perSecond: 1, burst: 1 },
    messages: { perSecond: 1, burst: 100 },
    faults: { perSecond: 1, burst: 100 },
  });
  const connection = { isOpen: true, isAlive: () => undefined } as unknown as Connection;
  for (const frame of [PROOF, ...Array.from({ length: 20 }, () => REQUEST)])
    receiver.receive(connection, frame, false, 0);
  return { handled, tooMany: receiver.counts.tooManyMessages };
}

describe('Receiver', () => {
  it.each([
    [50, 20],
    [1_000, 5],
  ])('counts a Graffiti request of %d pushes as what it costs', (pushes, handled) => {
    expect(ask(pushes)).toEqual({ handled, tooMany: 20 - handled });
  });
});
