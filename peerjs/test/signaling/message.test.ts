import { isHeartbeat, readMessage, type MessageFault } from '../../src/signaling/message.ts';

const nested = (levels: number): unknown =>
  JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as unknown;

const faultOf = (message: unknown): MessageFault | undefined => {
  const read = readMessage(JSON.stringify(message), 64);
  return typeof read === 'object' && 'fault' in read ? read.fault : undefined;
};

describe('readMessage()', () => {
  it.each([
    ['an offer', { type: 'OFFER', dst: 'bob', payload: { sdp: { type: 'offer', sdp: 'v=0' } } }],
    ['an answer', { type: 'ANSWER', dst: 'bob', payload: {} }],
    ['a candidate', { type: 'CANDIDATE', dst: 'bob', payload: {} }],
    ['a leave', { type: 'LEAVE', dst: 'bob' }],
    ['a heartbeat', { type: 'HEARTBEAT' }],
    ['a heartbeat with more in it', { type: 'HEARTBEAT', dst: 7 }],
    ['fields that nobody named', { type: 'OFFER', dst: 'bob', extra: 1, src: 'forged' }],
    ['a payload that is a text', { type: 'OFFER', dst: 'bob', payload: 'text' }],
    ['a payload of 32 levels', { type: 'OFFER', dst: 'bob', payload: nested(32) }],
  ])('lets %s pass', (_case, message) => expect(faultOf(message)).toBeUndefined());

  it.each([
    ['null', null, 'not_an_object'],
    ['a text', 'OFFER', 'not_an_object'],
    ['a list', [{ type: 'OFFER' }], 'not_an_object'],
    ['no type', { dst: 'bob' }, 'unknown_type'],
    ['a type of its own', { type: 'KICK', dst: 'bob' }, 'unknown_type'],
    ['what only the server says: OPEN', { type: 'OPEN', dst: 'bob' }, 'unknown_type'],
    ['what only the server says: EXPIRE', { type: 'EXPIRE', dst: 'bob' }, 'unknown_type'],
    ['a type in small letters', { type: 'offer', dst: 'bob' }, 'unknown_type'],
    ['a type that is a list', { type: ['OFFER'], dst: 'bob' }, 'unknown_type'],
    ['an inherited name as type', { type: 'constructor', dst: 'bob' }, 'unknown_type'],
    ['a leave without a destination', { type: 'LEAVE' }, 'bad_destination'],
    ['an offer without a destination', { type: 'OFFER', payload: {} }, 'bad_destination'],
    ['an empty destination', { type: 'OFFER', dst: '' }, 'bad_destination'],
    ['a destination that is a number', { type: 'OFFER', dst: 7 }, 'bad_destination'],
    ['a destination that is an object', { type: 'OFFER', dst: { id: 'bob' } }, 'bad_destination'],
    ['a destination that is too long', { type: 'OFFER', dst: 'x'.repeat(65) }, 'bad_destination'],
    ['a payload of 33 levels', { type: 'OFFER', dst: 'bob', payload: nested(33) }, 'too_deep'],
  ])('refuses %s', (_case, message, fault) => expect(faultOf(message)).toBe(fault));

  it.each([
    ['not json', { fault: 'not_json' }],
    ['', { fault: 'not_json' }],
    ['{"__proto__":{"type":"OFFER","dst":"bob"}}', { fault: 'unknown_type' }],
    ['{"type":"HEARTBEAT","dst":7}', 'heartbeat'],
    [
      '{"type":"OFFER","dst":"bob","payload":[1],"src":"forged","extra":1}',
      { relayed: { type: 'OFFER', dst: 'bob', payload: [1] } },
    ],
  ])('reads %j', (text, wanted) => expect(readMessage(text, 64)).toEqual(wanted));

  it('names to whom an offer cannot be delivered, not other messages, and no destination of any length', () => {
    const read = (type: string, dst: string): unknown => readMessage(JSON.stringify({ type, dst }), 64);
    expect(read('OFFER', 'no such id!')).toEqual({ fault: 'bad_destination', offerTo: 'no such id!' });
    expect(read('CANDIDATE', 'no such id!')).toEqual({ fault: 'bad_destination' });
    expect(read('OFFER', '!'.repeat(257))).toEqual({ fault: 'bad_destination' });
  });

  it('looks into 10,000 levels without falling', () => {
    const text = `{"type":"OFFER","dst":"bob","payload":${'['.repeat(10_000)}${']'.repeat(10_000)}}`;
    expect(readMessage(text, 64)).toEqual({ fault: 'too_deep' });
  });
});

describe('isHeartbeat()', () => {
  it.each([
    ['{"type":"HEARTBEAT"}', true],
    ['{"type":"HEARTBEAT" }', false],
    ['{"type":"HEARTBEAX"}', false],
    ['', false],
  ])('judges %j', (text, wanted) => expect(isHeartbeat(Buffer.from(text))).toBe(wanted));
});
