import fc from 'fast-check';
import {
  graffitiDone,
  graffitiError,
  graffitiHelloText,
  graffitiPush,
  graffitiTaken,
  isGraffitiProof,
  readGraffitiHello,
  readGraffitiRequest,
  readGraffitiSignature,
  resemblesGraffitiProof,
  webSocketOrigin,
} from '../src/graffiti.ts';

const messageID = 'a1'.repeat(32);
const one = '01'.repeat(32);
const two = '02'.repeat(32);
const request = { messageID, action: 'announce', info_hashes: [one, two] };
const read = (value: unknown) => readGraffitiRequest(JSON.stringify(value), 3);

describe('isGraffitiProof()', () => {
  it.each([
    ['hexadecimal characters', 'f'.repeat(64)],
    ['all letters and digits that the README of the first tracker allows', '0z'.repeat(32)],
    ['one newline at the end', `${'a'.repeat(64)}\n`],
  ])('takes %s', (_case, frame) => {
    expect(isGraffitiProof(frame)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['one character less', 'a'.repeat(63)],
    ['one character more', 'a'.repeat(65)],
    ['upper case', 'A'.repeat(64)],
    ['a space', `${'a'.repeat(63)} `],
    ['two newlines', `${'a'.repeat(64)}\n\n`],
    ['a second line', `${'a'.repeat(64)}\n{}`],
    ['JSON', JSON.stringify('a'.repeat(62))],
  ])('refuses %s', (_case, frame) => {
    expect(isGraffitiProof(frame)).toBe(false);
  });
});

describe('resemblesGraffitiProof()', () => {
  it('sees a broken proof, so that its sender hears of it', () => {
    expect(resemblesGraffitiProof('A'.repeat(64))).toBe(true);
    expect(resemblesGraffitiProof('a'.repeat(63))).toBe(true);
  });

  it.each(['', 'null', '12345', '{}', '[]', `"${'a'.repeat(64)}"`, `{"action":"${'a'.repeat(64)}"}`])(
    'leaves %s alone',
    (frame) => {
      expect(resemblesGraffitiProof(frame)).toBe(false);
    },
  );
});

describe('readGraffitiRequest()', () => {
  it.each([
    ['announce', 'announced'],
    ['unannounce', 'unannounced'],
    ['subscribe', 'subscribed'],
    ['unsubscribe', 'unsubscribed'],
  ])('reads %s, which is confirmed by %s', (action, reply) => {
    const known = read({ ...request, action });
    expect(known).toEqual({ messageID, action, infoHashes: [one, two] });
    if ('fault' in known) throw new Error('refused');
    expect(JSON.parse(graffitiDone(known))).toEqual({ messageID, reply });
  });

  it("takes the README's spelling, infoHashes", () => {
    expect(read({ messageID, action: 'subscribe', infoHashes: [one] })).toEqual({
      messageID,
      action: 'subscribe',
      infoHashes: [one],
    });
  });

  it('takes as many info hashes as are allowed', () => {
    const infoHashes = [one, two, '03'.repeat(32)];
    expect(read({ ...request, info_hashes: infoHashes })).toMatchObject({ infoHashes });
  });

  const without = (name: keyof typeof request) => ({ ...request, [name]: undefined });
  it.each<[string, unknown]>([
    ['no messageID', without('messageID')],
    ['no action', without('action')],
    ['no info hashes', without('info_hashes')],
    ['a field too many', { ...request, numwant: 5 }],
    ['both spellings', { ...request, infoHashes: [one] }],
    ['an unknown action', { ...request, action: 'actnow' }],
    ['an inherited name as action', { ...request, action: 'constructor' }],
    ['a list as action', { ...request, action: ['announce'] }],
    ['a short messageID', { ...request, messageID: 'a1' }],
    ['a messageID in upper case', { ...request, messageID: 'A1'.repeat(32) }],
    ['a number as messageID', { ...request, messageID: 1 }],
    ['an empty list', { ...request, info_hashes: [] }],
    ['an info hash twice', { ...request, info_hashes: [one, one] }],
    ['one info hash too many', { ...request, info_hashes: [one, two, '03'.repeat(32), '04'.repeat(32)] }],
    ['an info hash that is no list', { ...request, info_hashes: one }],
    ['null for the list', { ...request, info_hashes: null }],
    ['a short info hash', { ...request, info_hashes: ['1234'] }],
    ['a newline after an info hash', { ...request, info_hashes: [`${one}\n`] }],
    ['null among the info hashes', { ...request, info_hashes: [one, null] }],
    ['an array', []],
    ['null', null],
    ['a number', 5],
  ])('refuses %s', (_case, value) => {
    expect(read(value)).toHaveProperty('fault', expect.any(String));
  });

  it('refuses every beginning of a request', () => {
    const frame = JSON.stringify(request);
    for (let length = 0; length < frame.length; length++)
      expect(readGraffitiRequest(frame.slice(0, length), 3)).toHaveProperty('fault');
  });

  it('repeats the messageID in a refusal, where it is text', () => {
    expect(read({ messageID: 'mine', action: 'announce' })).toMatchObject({ messageID: 'mine' });
    expect(read({ messageID: { huge: true } })).not.toHaveProperty('messageID');
    expect(read({ messageID: 'x'.repeat(257) })).not.toHaveProperty('messageID');
  });

  it('survives anything', () => {
    const anything = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .record({ messageID: fc.jsonValue(), action: fc.jsonValue(), info_hashes: fc.jsonValue() })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(anything, (frame) => {
        readGraffitiRequest(frame, 3);
        readGraffitiHello(frame);
        readGraffitiSignature(frame);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('readGraffitiHello()', () => {
  const key = Buffer.alloc(32, 0xfb);
  it.each(['hex', 'base64', 'base64url'] as const)('gives the key that was written in %s', (encoding) => {
    const publicKey = key.toString(encoding);
    expect(readGraffitiHello(JSON.stringify({ action: 'hello', publicKey }))).toBe(publicKey);
  });

  it.each<[string, unknown]>([
    ['is missing', undefined],
    ['is too short', key.subarray(1).toString('hex')],
    ['is too long', `${key.toString('base64')}AA`],
    ['is no text', 5],
    ['mixes both alphabets of base64', `+_${'A'.repeat(41)}`],
  ])('answers an empty key where it %s', (_case, publicKey) => {
    expect(readGraffitiHello(JSON.stringify({ action: 'hello', publicKey }))).toBe('');
  });

  it.each(['{"action":"announce"}', 'hello', '["hello"]', '{"action":["hello"]}'])(
    'does not take %s for a hello',
    (frame) => {
      expect(readGraffitiHello(frame)).toBeUndefined();
    },
  );
});

describe('readGraffitiSignature()', () => {
  it('gives the signature as it was written', () => {
    const signature = Buffer.alloc(64, 7).toString('base64');
    expect(readGraffitiSignature(JSON.stringify({ signature }))).toBe(signature);
    expect(readGraffitiSignature(JSON.stringify({ signature: signature.slice(4) }))).toBeUndefined();
    expect(readGraffitiSignature('{}')).toBeUndefined();
  });
});

describe('webSocketOrigin()', () => {
  it.each([
    ['wss://tracker.example.org', 'wss://tracker.example.org'],
    ['wss://Tracker.Example.org/', 'wss://tracker.example.org'],
    ['wss://tracker.example.org:443/announce?x=1', 'wss://tracker.example.org'],
    ['wss://tracker.example.org:8443', 'wss://tracker.example.org:8443'],
    ['wss://tracker.example.org:80', 'wss://tracker.example.org:80'],
    ['ws://localhost:80/', 'ws://localhost'],
    ['ws://[::1]:8000/', 'ws://[::1]:8000'],
  ])('of %s is %s', (url, origin) => {
    expect(webSocketOrigin(url)).toBe(origin);
    expect(webSocketOrigin(url)).toBe(new URL(url).origin);
  });

  it.each([
    'https://tracker.example.org',
    'wss://',
    'wss:/a',
    '',
    'wss://user@tracker.example.org',
    'wss://a b',
  ])('of %p is nothing', (url) => {
    expect(webSocketOrigin(url)).toBeUndefined();
  });
});

describe('the writers', () => {
  it('write what the first tracker wrote', () => {
    expect(JSON.parse(graffitiPush('announce', one, two))).toEqual({
      action: 'announce',
      peer: one,
      info_hash: two,
    });
    expect(JSON.parse(graffitiTaken(one))).toEqual({
      reply: 'error',
      detail: `Peer with ID ${one} already exists`,
    });
    expect(JSON.parse(graffitiError({ fault: 'Cannot' }))).toEqual({ reply: 'error', detail: 'Cannot' });
  });

  it('bind the signed text to the challenge and to the relay', () => {
    expect(graffitiHelloText('ab', 'wss://tracker.example.org')).toBe(
      'relay-swarm graffiti hello 1\nab\nwss://tracker.example.org',
    );
  });
});
