import type { Frontend } from '../../src/frontends/protocol.ts';
import type { Connection } from '../../src/transport/connection.ts';
import { FrameRouter } from '../../src/transport/frame-router.ts';

const once = { perSecond: 1, burst: 1_000 };

function frontend(
  name: string,
  recognizes: boolean,
  heard: string[],
  isReadable = true,
): Frontend<Connection> {
  return {
    recognizes: () => recognizes,
    open: () => ({
      receive: (_link, frame) => (heard.push(`${name}: ${frame.toString()}`), isReadable),
      closed: () => void heard.push(`${name} closed`),
      isIdle: () => true,
    }),
  };
}

function open() {
  const events: string[] = [];
  const connection = {
    isOpen: true,
    isAlive: () => undefined,
    pay: (tokens: number) => void events.push(`pays ${tokens}`),
    close: (code: number) => void events.push(`close ${code}`),
  } as unknown as Connection;
  return { connection, events };
}

describe('FrameRouter', () => {
  it('takes more for a message that is larger than ordinary ones', () => {
    const router = new FrameRouter({
      frontends: [frontend('one', true, [])],
      hasSpoken: () => undefined,
      payments: { take: () => true },
      faults: once,
      monotonicMs: () => 0,
    });
    const { connection } = open();
    const paid: number[] = [];
    connection.pay = (tokens) => void paid.push(tokens);
    for (const bytes of [10, 16_384, 65_536]) router.receive(connection, Buffer.alloc(bytes), false, 0);
    expect(paid).toEqual([3]);
  });

  it.each([
    ['the first front end that recognizes the first frame', true, 'one'],
    ['the last one where none does', false, 'two'],
  ])('gives a connection to %s, with this frame and all that follow', (_case, recognizes, name) => {
    const heard: string[] = [];
    const spoken: unknown[] = [];
    const router = new FrameRouter({
      frontends: [frontend('one', recognizes, heard), frontend('two', false, heard)],
      hasSpoken: (one) => void spoken.push(one),
      payments: { take: () => true },
      faults: once,
      monotonicMs: () => 0,
    });
    const { connection } = open();
    for (const text of ['a', 'b']) router.receive(connection, Buffer.from(text), false, 0);
    router.closed(connection, 0);
    expect(heard).toEqual([`${name}: a`, `${name}: b`, `${name} closed`]);
    expect(spoken).toEqual([connection]);
  });

  it('closes a connection that has used up its faults', () => {
    const heard: string[] = [];
    const router = new FrameRouter({
      frontends: [frontend('one', true, heard, false)],
      hasSpoken: () => undefined,
      payments: { take: () => true },
      faults: { perSecond: 1, burst: 3 },
      monotonicMs: () => 0,
    });
    const { connection, events } = open();
    for (let frame = 0; frame < 4; frame++) router.receive(connection, Buffer.from('?'), false, 0);
    expect([events, router.counts.closedForFaults]).toEqual([
      [...Array<string>(4).fill('pays 4'), 'close 1008'],
      1,
    ]);
    expect(heard).toHaveLength(4);
  });
});
