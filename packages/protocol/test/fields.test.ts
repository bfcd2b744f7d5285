import { Fields, isUrl, ProtocolError, URL_CHARS_MAX } from '../src/fields.ts';

const read = (object: unknown): Fields => new Fields(object);

describe('Fields', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', '{"a":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['a text', '"a"'],
  ])('refuses %s', (_what, text) => {
    expect(() => Fields.fromJson(text, 100)).toThrow(ProtocolError);
  });

  it('looks at the length before it parses', () => {
    const text = `{"a":"${'x'.repeat(100)}"}`;
    expect(Fields.fromJson(text, text.length).text('a', { charsMax: 100 })).toHaveLength(100);
    expect(() => Fields.fromJson(`not even JSON ${text}`, 50)).toThrow(/the most is 50/);
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'does not find the inherited %s',
    (name) => {
      expect(read({}).has(name)).toBe(false);
      expect(() => read({}).text(name, { charsMax: 10 })).toThrow(`Cannot read ${name}`);
    },
  );

  it('reads texts within their bounds', () => {
    const rule = { charsMin: 2, charsMax: 3 };
    expect(read({ a: 'xy' }).text('a', rule)).toBe('xy');
    expect(read({ a: 'xyz' }).text('a', rule)).toBe('xyz');
    for (const a of ['x', 'wxyz', '', 1, null, undefined, {}, ['xy']]) {
      expect(() => read({ a }).text('a', rule)).toThrow('Cannot read a: wanted text of 2 to 3 characters');
    }
  });

  it('reads hexadecimal of the right length, in lower case only', () => {
    expect(read({ a: '09af' }).hex('a', 4)).toBe('09af');
    for (const a of ['09a', '09aff', '09AF', '09ag', 1234, null, '09a\n']) {
      expect(() => read({ a }).hex('a', 4)).toThrow(ProtocolError);
    }
  });

  it('reads whole numbers and numbers within their bounds', () => {
    for (const a of [1, 2, 3]) expect(read({ a }).integer('a', 1, 3)).toBe(a);
    for (const a of [0, 4, 1.5, '2', null, true, [2]])
      expect(() => read({ a }).integer('a', 1, 3)).toThrow(ProtocolError);
    for (const a of [0, 0.5, 1]) expect(read({ a }).decimal('a', 0, 1)).toBe(a);
    for (const a of [-0.01, 1.01, '0.5', null, NaN, Infinity]) {
      expect(() => read({ a }).decimal('a', 0, 1)).toThrow(ProtocolError);
    }
    expect(() => Fields.fromJson('{"a":1e999}', 100).decimal('a', 0, Number.MAX_VALUE)).toThrow(
      ProtocolError,
    );
  });

  it('reads one of some words', () => {
    expect(read({ a: 'busy' }).oneOf('a', ['ok', 'busy'])).toBe('busy');
    for (const a of ['constructor', '', 0, null])
      expect(() => read({ a }).oneOf('a', ['ok', 'busy'])).toThrow(/one of ok, busy/);
  });

  it('reads lists of objects and of words', () => {
    const item = (fields: Fields) => fields.integer('n', 0, 9);
    expect(read({ a: [{ n: 1 }, { n: 2 }] }).objects('a', 2, item)).toEqual([1, 2]);
    expect(() => read({ a: [{ n: 1 }, { n: 10 }] }).objects('a', 2, item)).toThrow('Cannot read a[1].n');
    expect(() => read({ a: [{ n: 1 }, 2] }).objects('a', 2, item)).toThrow('Cannot read a[1]');
    for (const a of [[{}, {}, {}], {}, 'x', null])
      expect(() => read({ a }).objects('a', 2, item)).toThrow(ProtocolError);
    expect(read({ a: ['x', 'y'] }).words('a', 2, /^[a-z]$/)).toEqual(['x', 'y']);
    for (const a of [
      ['x', 'yy'],
      ['x', 1],
      ['x', 'y', 'z'],
    ]) {
      expect(() => read({ a }).words('a', 2, /^[a-z]$/)).toThrow(ProtocolError);
    }
  });

  it('reads names with URLs, and plants nothing on a prototype', () => {
    const rule = [2, /^[a-z_]+$/, ['https:']] as const;
    expect(read({ a: { gun: 'https://gun.example.org/' } }).urls('a', ...rule)).toEqual({
      gun: 'https://gun.example.org/',
    });
    const planted = Fields.fromJson('{"a":{"__proto__":"https://x.example/"}}', 100).urls('a', ...rule);
    expect(Object.getPrototypeOf(planted)).toBe(Object.prototype);
    expect(Object.keys(planted)).toEqual(['__proto__']);
    for (const a of [
      { G: 'https://x/' },
      { g: 'http://x/' },
      { g: 1 },
      { a: 'https://x/', b: 'https://x/', c: 'https://x/' },
      [],
    ]) {
      expect(() => read({ a }).urls('a', ...rule)).toThrow(ProtocolError);
    }
  });

  it('reads those optional URLs that are there', () => {
    expect(read({ a: 'https://x.example/' }).optionalUrls(['a', 'b'], ['https:'])).toEqual({
      a: 'https://x.example/',
    });
    expect(() => read({ b: null }).optionalUrls(['a', 'b'], ['https:'])).toThrow('Cannot read b');
  });

  it('never repeats what the stranger wrote', () => {
    expect(() => read({ a: 'SECRET' }).integer('a', 0, 1)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('SECRET') }),
    );
    expect(() => Fields.fromJson('SECRET', 10)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('SECRET') }),
    );
  });
});

describe('isUrl()', () => {
  it.each([
    'wss://a.example',
    'wss://a.example/',
    'wss://a.example:8000/x',
    'wss://[2001:db8::1]/',
    'wss://1.2.3.4',
  ])('takes %s', (text) => expect(isUrl(text, ['wss:'])).toBe(true));
  it.each([
    ['another protocol', 'https://a.example/'],
    ['a script', 'javascript:alert(1)'],
    ['a user', 'wss://me@a.example/'],
    ['a password', 'wss://me:x@a.example/'],
    ['a fragment', 'wss://a.example/#x'],
    ['upper case, which is another text for the same', 'wss://A.example/'],
    ['a default port', 'wss://a.example:443/'],
    ['a path that goes up', 'wss://a.example/b/../c'],
    ['an address in octal', 'wss://0177.0.0.1/'],
    ['an address as one number', 'wss://2130706433/'],
    ['a line break', 'wss://a.example/\n'],
    ['no host', 'wss://'],
    ['too many characters', `wss://a.example/${'x'.repeat(URL_CHARS_MAX)}`],
  ])('refuses %s', (_what, text) => expect(isUrl(text, ['wss:'])).toBe(false));
});
