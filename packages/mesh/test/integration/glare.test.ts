// Two members that dial each other in the same moment: one link comes of it, over real connections. One that failed is dialled again, as the
// engine does: on a busy machine libdatachannel may check the other side's certificate before it has kept the answer that names it.
import { cleanup } from 'node-datachannel';
import { RTCPeerConnection as NodePeerConnection } from 'node-datachannel/polyfill';
import type { Transport } from '../../src/transport.ts';
import { webRtc } from '../../src/webrtc.ts';
import { untilWithin } from '../../../../test/support/until.ts';

const ROUNDS = 5;
const until = untilWithin(30_000);

afterAll(() => cleanup());

interface End {
  readonly transport: Transport;
  readonly events: string[];
  readonly received: string[];
}

/** Signals between the two take a moment, as over a server. */
function pair(): { a: End; b: End } {
  const create = (self: 'a' | 'b', peer: 'a' | 'b', other: () => End): End => {
    const events: string[] = [];
    const received: string[] = [];
    const transport = webRtc({
      RTCPeerConnection: NodePeerConnection as unknown as typeof RTCPeerConnection,
    })(self, {
      accepts: () => true,
      signal: (_, signal) => void setTimeout(() => other().transport.signalled(self, signal), 5),
      opened: () => void events.push('opened'),
      closed: () => void events.push('closed'),
      failed: () => transport.dial(peer, false),
      received: (_, bytes) => void received.push(new TextDecoder().decode(bytes)),
      drained: () => undefined,
    });
    return { transport, events, received };
  };
  const a: End = create('a', 'b', () => b);
  const b: End = create('b', 'a', () => a);
  return { a, b };
}

it('come to one link, which both can use', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const { a, b } = pair();
    a.transport.dial('b', false);
    b.transport.dial('a', false);
    await until('a link at both ends', () => [a, b].every(({ events }) => events.includes('opened')));
    a.transport.send('b', new TextEncoder().encode('from a'));
    b.transport.send('a', new TextEncoder().encode('from b'));
    await until('a message each way', () => a.received.length + b.received.length === 2);
    expect([a.received, b.received]).toEqual([['from b'], ['from a']]);
    expect([a.events, b.events]).toEqual([['opened'], ['opened']]);
    a.transport.stop();
    b.transport.stop();
  }
}, 60_000);
