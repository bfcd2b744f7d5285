import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ByteBudget } from '@relay-swarm/net';
import { UnreadResponses } from '../../src/transport/unread-responses.ts';

function answer(unread: UnreadResponses, writableLength: number) {
  const destroyed: boolean[] = [];
  const request = { socket: { destroy: () => void destroyed.push(true) } } as unknown as IncomingMessage;
  const response = Object.assign(new EventEmitter(), { writableLength });
  unread.count(request, response as unknown as ServerResponse);
  return { destroyed, close: () => response.emit('close') };
}

describe('UnreadResponses', () => {
  it('counts what a reader has not taken until the end of the response', () => {
    const budget = new ByteBudget({ bytesMax: 1_000_000 });
    const { close, destroyed } = answer(new UnreadResponses(budget, () => '192.0.2.1'), 50_000);
    expect([budget.bytes, budget.heldBy('192.0.2.1')]).toEqual([50_000, 50_000]);
    close();
    expect([budget.bytes, destroyed]).toEqual([0, []]);
  });

  it('hangs up on an address that may hold no more', () => {
    const budget = new ByteBudget({ bytesMax: 1_000_000 });
    const unread = new UnreadResponses(budget, () => '192.0.2.1');
    const three = Array.from({ length: 3 }, () => answer(unread, 90_000));
    expect(three.map(({ destroyed }) => destroyed.length)).toEqual([0, 0, 1]);
    for (const { close } of three) close();
    expect([budget.bytes, budget.addresses]).toEqual([0, 0]);
  });
});
