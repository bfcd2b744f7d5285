import fc from 'fast-check';
import { JsonScanner } from '../../../src/frontends/webtorrent/json-scanner.ts';
import type { Message, Range } from '../../../src/frontends/webtorrent/message.ts';
import { MessageReader } from '../../../src/frontends/webtorrent/reader.ts';

const RUNS = 3_000;

/** Everything a message says, as values: equal for two readings of the same meaning. */
function meaning(message: Message | undefined): unknown {
  if (message === undefined) return undefined;
  // Parsed and written once more: the plain way writes null for a number that is too large, the fast way hands it on as it came.
  const json = (range: Range): unknown =>
    range.start === 0
      ? undefined
      : JSON.parse(JSON.stringify(JSON.parse(message.bytes.toString('utf8', range.start, range.end))));
  const { action, infoHash, peerId, toPeerId, event, left, numwant, wantsRelays, offers } = message;
  return {
    ...{ action, infoHash, peerId, toPeerId, event, left, numwant, wantsRelays },
    infoHashJson: json(message.infoHashJson),
    peerIdJson: json(message.peerIdJson),
    answer: json(message.answer),
    answerOfferId: json(message.answerOfferId),
    offers: Array.from({ length: offers }, (_, index) => [
      json(message.offerIdJson[index]!),
      json(message.offerJson[index]!),
    ]),
    scraped: message.scraped,
  };
}

const byteString = fc
  .array(fc.integer({ min: 0, max: 0xff }), { minLength: 20, maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));
const nearlyId = fc.oneof(
  { weight: 6, arbitrary: byteString },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 22 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
);
const description = fc.oneof(
  fc.record({ type: fc.constant('offer'), sdp: fc.string({ unit: 'binary', maxLength: 60 }) }),
  fc.string({ unit: 'grapheme' }),
  fc.jsonValue({ maxDepth: 3 }),
);
const item = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      { offer: description, offer_id: nearlyId, action: fc.constant('planted') },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);
const anything = fc.jsonValue({ maxDepth: 2 });
const fields = fc.record(
  {
    action: fc.oneof(fc.constant('announce'), fc.constant('scrape'), anything),
    info_hash: fc.oneof(nearlyId, fc.array(nearlyId, { maxLength: 4 })),
    peer_id: nearlyId,
    to_peer_id: fc.oneof(nearlyId, fc.constant(null)),
    event: fc.oneof(
      fc.constantFrom('started', 'stopped', 'completed', 'update', 'paused', 'empty', '', 'bogus', null),
      anything,
    ),
    left: fc.oneof(fc.constantFrom(0, -0, 1e999, null, 5, 2 ** 53, 0.5), anything),
    numwant: fc.oneof(fc.integer(), fc.double(), anything),
    offers: fc.oneof(fc.array(item, { maxLength: 5 }), anything),
    offer_id: nearlyId,
    answer: fc.oneof(description, fc.constant(null)),
    relays: fc.oneof(fc.boolean(), anything),
    uploaded: anything,
    ['__proto__']: anything,
  },
  { requiredKeys: [] },
);

/** JSON text with the freedom that JSON leaves: spaces, escapes for any character, keys in any order and even twice. */
const spelled = fc
  .tuple(fc.array(fields, { minLength: 1, maxLength: 2 }), fc.infiniteStream(fc.nat(9)))
  .map(([objects, stream]) => {
    const randomInt = (): number => stream.next().value as number;
    const space = (): string => ['', '', '', '', '', '', ' ', '\n', '\t', '\r\n '][randomInt()]!;
    const string = (text: string, plainly: boolean): string =>
      JSON.stringify(text).replace(/\\u[0-9a-f]{4}|\\.|[^"\\]/gs, (part) =>
        !plainly && part.length === 1 && randomInt() === 0
          ? `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}`
          : part === '/' && randomInt() < 3
            ? '\\/'
            : part,
      );
    const write = (value: unknown): string => {
      if (typeof value === 'string') return string(value, randomInt() > 3);
      if (Array.isArray(value))
        return `[${space()}${value.map(write).join(`${space()},${space()}`)}${space()}]`;
      if (typeof value === 'object' && value !== null) return members([value]);
      return typeof value === 'number' && !Number.isFinite(value) ? '1e999' : JSON.stringify(value);
    };
    const members = (sources: readonly object[]): string => {
      const entries = sources
        .flatMap((source) => Object.entries(source))
        .map(
          ([key, value]) =>
            `${space()}${string(key, randomInt() > 0)}${space()}:${space()}${write(value)}${space()}`,
        );
      return `{${entries.join(',')}${entries.length === 0 ? space() : ''}}`;
    };
    return space() + members(objects) + space();
  });

describe('JsonScanner.value()', () => {
  const scan = new JsonScanner();
  const accepts = (text: string): boolean => {
    const bytes = Buffer.from(text);
    scan.reset(bytes);
    const end = scan.value(scan.space(0));
    return end >= 0 && scan.space(end) === bytes.length;
  };
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  it.each([
    ['a control character in a string', '"a\nb"', false],
    ['an escape that JSON does not have', '"\\x41"', false],
    ['a short \\u escape', '"\\u12"', false],
    ['a string that never ends', '"abc', false],
    ['a backslash at the end', '"abc\\', false],
    ['a number with a leading zero', '01', false],
    ['a number that ends in a point', '1.', false],
    ['a plus sign', '+1', false],
    ['an exponent', '-1.5e+30', true],
    ['a comma before the end', '[1,]', false],
    ['a missing comma', '[1 2]', false],
    ['a key without quotes', '{a:1}', false],
    ['an empty object', '{ }', true],
    ['a literal cut off', 'tru', false],
    ['all escapes', '"\\"\\\\\\/\\b\\f\\n\\r\\t\\uD83d\\ude00"', true],
  ])('judges %s as JSON.parse does', (_case, text, expected) => {
    expect([accepts(text), parses(text)]).toEqual([expected, expected]);
  });

  it('finds every control character, quote and backslash, wherever in a string it stands', () => {
    for (let code = 0; code < 0x80; code++) {
      for (let at = 0; at < 9; at++) {
        const text = `"${'x'.repeat(at)}${String.fromCharCode(code)}${'y'.repeat(8 - at)}"`;
        expect([code, at, accepts(text)]).toEqual([code, at, parses(text)]);
      }
    }
  });

  it('accepts exactly what JSON.parse accepts, however the text is damaged', () => {
    const damaged = fc
      .tuple(
        fc.json({ maxDepth: 4 }),
        fc.nat(),
        fc.nat(2),
        fc.constantFrom(...'{}[]",:\\u0aenE.-+ \n\u0001é'.split('')),
      )
      .map(([text, at, how, char]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + (how > 0 ? char : '') + text.slice(place + (how === 1 ? 0 : 1));
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.json(), fc.string({ maxLength: 12 })), (text) => {
        expect(accepts(text)).toBe(parses(text));
      }),
      { numRuns: RUNS * 3 },
    );
  });

  it('refuses to go deeper than it must, whatever the depth', () => {
    expect(accepts('['.repeat(33) + ']'.repeat(33))).toBe(false);
    expect(accepts('['.repeat(60_000))).toBe(false);
    expect(accepts('['.repeat(32) + ']'.repeat(32))).toBe(true);
  });
});

describe('MessageReader', () => {
  it('reads the same message the fast way and the plain way', () => {
    const fast = new MessageReader();
    const plain = new MessageReader();
    let fastReads = 0;
    fc.assert(
      fc.property(spelled, (text) => {
        const frame = Buffer.from(text);
        const before = fast.plainReads;
        expect(meaning(fast.read(frame))).toEqual(meaning(plain.readPlainly(frame)));
        if (fast.plainReads === before) fastReads++;
      }),
      { numRuns: RUNS },
    );
    expect(fastReads).toBeGreaterThan(RUNS / 10); // or the property compares the plain way with itself
  });

  it('agrees with the plain way on damaged frames too', () => {
    const fast = new MessageReader();
    const plain = new MessageReader();
    fc.assert(
      fc.property(spelled, fc.nat(), fc.integer({ min: 0, max: 127 }), (text, at, byte) => {
        const frame = Buffer.from(text);
        frame[at % frame.length] = byte;
        const asText = Buffer.from(frame.toString('utf8')); // a frame is valid UTF-8 before it gets here
        expect(meaning(fast.read(asText))).toEqual(meaning(plain.readPlainly(asText)));
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['an escaped key', '{"\\u0061ction":"announce"}'],
    ['a repeated key, of which the last one counts', '{"action":"scrape","action":"announce"}'],
    ['an escaped action', '{"action":"ann\\u006funce"}'],
  ])('understands %s by the plain way', (_case, text) => {
    const reader = new MessageReader();
    expect(reader.read(Buffer.from(text))?.action).toBe('announce');
    expect(reader.plainReads).toBe(1);
  });

  it('reads a usual announce without parsing it', () => {
    const reader = new MessageReader();
    const offers = Array.from({ length: 10 }, (_, index) => ({
      offer: { type: 'offer', sdp: `v=0\r\n"${index}"` },
      offer_id: `${index}`.padStart(20),
    }));
    const frame = Buffer.from(
      JSON.stringify({
        numwant: 5,
        uploaded: 0,
        left: null,
        event: 'started',
        action: 'announce',
        info_hash: '\u00ff\u0000"\\aaaaaaaaaaaaaaaa',
        peer_id: 'p'.repeat(20),
        offers,
      }),
    );
    expect(reader.read(frame)).toMatchObject({
      offers: 10,
      infoHash: '\u00ff\u0000"\\aaaaaaaaaaaaaaaa',
      event: 'started',
      left: undefined,
      numwant: 5,
    });
    expect(reader.plainReads).toBe(0);
  });

  it.each([['null'], ['[]'], ['7'], ['"text"'], [''], ['{'], ['{"a":1}x'], ['{"a":\u0001}'], ['\ufeff{}']])(
    'takes %j for no message',
    (text) => {
      expect(new MessageReader().read(Buffer.from(text))).toBeUndefined();
    },
  );
});
