import { isRefused, readFrame } from '../src/frame.ts';

const NOW_MS = 1_800_000_000_000;
const put = {
  '#': 'Fx1',
  put: { mark: { _: { '#': 'mark', '>': { name: NOW_MS } }, name: 'Mark' } },
  ok: { '@': 8, '/': 3 },
  '><': 'a,b',
};
const read = (value: unknown): unknown => readFrame(JSON.stringify(value), NOW_MS);

describe('readFrame()', () => {
  it.each([
    ['a write', put],
    ['a question', { '#': 'a', get: { '#': 'mark', '.': 'name' } }],
    ['a question for many', { '#': 'a', get: { '#': { '*': 'chat/' } } }],
    ['an answer', { '#': 'b', '@': 'a', '##': -17, put: put.put }],
    ['an acknowledgement', { '#': 'b', '@': 'a', ok: { '': 1 } }],
    ['the handshake', { dam: '?', pid: 'x', '#': 'c' }],
  ])('lets %s pass as it is', (_what, message) => {
    expect(read(message)).toEqual([message]);
  });

  it('reads batches, and drops only what is wrong in them', () => {
    expect(read([put, { dam: 'mob', peers: { 'http://127.0.0.1/': {} } }, put])).toEqual([
      put,
      { refused: undefined },
      put,
    ]);
    expect(read([])).toEqual([]);
  });

  it('drops fields that gun does not have, so that nobody plants one of its own', () => {
    expect(read({ ...put, out: 1, $: {}, _: {}, DBG: {} })).toEqual([put]);
  });

  const graph = (soul: string, node: object): object => ({ '#': 'a', put: { [soul]: node } });
  it.each([
    ['no JSON', '{'],
    ['text', '"{}"'],
    ['a batch in a batch', '[[]]'],
    ['a message that makes us dial', JSON.stringify({ dam: 'opt', opt: { peers: 'http://10.0.0.1/gun' } })],
    ['a message that names a function of gun', JSON.stringify({ dam: 'constructor' })],
    ['the prototype as a soul', '{"#":"a","put":{"__proto__":{"_":{"#":"__proto__",">":{"x":1}},"x":1}}}'],
    [
      'Object as a soul',
      JSON.stringify(graph('constructor', { _: { '#': 'constructor', '>': { keys: 1 } }, keys: 1 })),
    ],
    ['the prototype as a key', '{"#":"a","put":{"a":{"_":{"#":"a",">":{"__proto__":1}},"__proto__":1}}}'],
    ['the prototype as an id', '{"#":"__proto__"}'],
    ['a question for a soul without end', JSON.stringify({ '#': 'a', get: { '#': 'x'.repeat(4_097) } })],
    ['the prototype as what is asked for', '{"#":"a","get":{"#":"__proto__"}}'],
    ['an id that is no text', JSON.stringify({ '#': {} })],
    ['an id that is too long', JSON.stringify({ '#': 'x'.repeat(129) })],
    ['an answer to no text', JSON.stringify({ '#': 'a', '@': 7 })],
    ['a hash that is an object', JSON.stringify({ '#': 'a', '##': {} })],
    ['a graph that is a list', JSON.stringify({ '#': 'a', put: [] })],
    ['a node that is none', JSON.stringify(graph('a', [1]))],
    ['a node without its soul', JSON.stringify(graph('a', { _: { '>': {} } }))],
    ['a node without states', JSON.stringify(graph('a', { _: { '#': 'a' } }))],
    ['a state that is no number', JSON.stringify(graph('a', { _: { '#': 'a', '>': { x: '1' } }, x: 1 }))],
    [
      'a write from tomorrow',
      JSON.stringify(graph('a', { _: { '#': 'a', '>': { x: NOW_MS + 86_400_000 } }, x: 1 })),
    ],
    ['depth without end', `{"#":"a","ok":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}`],
  ])('refuses %s', (_what, text) => {
    expect(readFrame(text, NOW_MS).map(isRefused)).toEqual([true]);
  });

  it('refuses a write that is cut at any character', () => {
    const text = JSON.stringify(put);
    for (let end = 0; end < text.length; end++)
      expect(readFrame(text.slice(0, end), NOW_MS)).toEqual([{ refused: undefined }]);
  });

  it('keeps the id of what it refuses, so that the sender can be told', () => {
    expect(read({ '#': 'abc', put: [] })).toEqual([{ refused: 'abc' }]);
    expect(read({ '#': '__proto__', put: [] })).toEqual([{ refused: undefined }]);
  });
});
