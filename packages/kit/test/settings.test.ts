import {
  address,
  choice,
  decimal,
  flag,
  integer,
  list,
  path,
  port,
  readSettings,
  secret,
  SettingsError,
  text,
  url,
  withoutSecrets,
  type Setting,
} from '../src/settings.ts';

const read = <T>(setting: Setting<T>, value: string | undefined): T =>
  readSettings({ [setting.name]: value }, { it: setting }).it;
const faultOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};

const number = integer('NUMBER', { min: 1, max: 10, default: 5 });
const fraction = decimal('FRACTION', { min: 0, max: 1, default: 0.5 });
const yesOrNo = flag('FLAG', { default: false });
const colour = choice('COLOUR', { of: ['red', 'green'], default: 'red' });
const note = text('NOTE', { charsMax: 3, default: '' });
const place = path('PLACE', { default: './data' });
const key = secret('KEY', { charsMin: 8 });
const site = url('SITE', { protocols: ['https:', 'wss:'], example: 'https://example.org' });
const host = address('HOST', { default: '127.0.0.1' });
const numbers = list('NUMBERS', {
  of: 'digits',
  itemsMax: 3,
  default: [],
  item: (item) => (/^\d$/.test(item) ? Number(item) : undefined),
});

describe('readSettings()', () => {
  it.each<[string, Setting<unknown>, string, unknown]>([
    ['the smallest whole number', number, '1', 1],
    ['the largest whole number', number, '10', 10],
    ['a number between spaces', number, ' 7 ', 7],
    ['a fraction', fraction, '0.25', 0.25],
    ['true', yesOrNo, 'true', true],
    ['false', yesOrNo, 'false', false],
    ['one of a choice', colour, 'green', 'green'],
    ['text', note, 'abc', 'abc'],
    ['a path', place, '/data', '/data'],
    ['a secret', key, 'ABCDEF0123', 'ABCDEF0123'],
    ['a URL as it was written', site, 'wss://example.org:8443/announce', 'wss://example.org:8443/announce'],
    ['an IPv4 address', host, '0.0.0.0', '0.0.0.0'],
    ['an IPv6 address', host, '::', '::'],
    ['a list with commas and spaces', numbers, '1, 2\n3,', [1, 2, 3]],
    ['the highest port', port('PORT', {}), '65535', 65_535],
  ])('reads %s', (_case, setting, value, wanted) => {
    expect(read(setting, value)).toEqual(wanted);
  });

  it.each<[string, Setting<unknown>, string]>([
    ['a number just too small', number, '0'],
    ['a number just too large', number, '11'],
    ['a fraction for a whole number', number, '1.5'],
    ['a number in words', number, 'five'],
    ['an exponent', number, '1e0'],
    ['a number with a unit', number, '5s'],
    ['hexadecimal', number, '0x5'],
    ['a fraction too large', fraction, '1.01'],
    ['NaN', fraction, 'NaN'],
    ['Infinity', decimal('FRACTION', { min: 0, max: Infinity }), 'Infinity'],
    ['yes', yesOrNo, 'yes'],
    ['1 for a flag', yesOrNo, '1'],
    ['TRUE', yesOrNo, 'TRUE'],
    ['no choice', colour, 'blue'],
    ['an inherited name as choice', colour, 'constructor'],
    ['text that is too long', note, 'abcd'],
    ['a path with a null byte', place, 'a\0b'],
    ['a secret that is too short', key, 'abcdef0'],
    ['a secret that is not hexadecimal', key, 'hunter2hunter2'],
    ['no URL', site, 'example.org'],
    ['another protocol', site, 'http://example.org'],
    ['a URL with a password', site, 'https://user:pass@example.org'],
    ['a URL with a query', site, 'https://example.org/?a=1'],
    ['a URL with a fragment', site, 'https://example.org/#a'],
    ['a host name for an address', host, 'localhost'],
    ['a list with one bad item', numbers, '1,x'],
    ['a list that is too long', numbers, '1,2,3,4'],
    ['port 0', port('PORT', {}), '0'],
    ['port 65536', port('PORT', {}), '65536'],
  ])('refuses %s', (_case, setting, value) => {
    expect(faultOf(() => read(setting, value))).toMatch(new RegExp(`^${setting.name}\\b.*: must be `));
  });

  it.each([undefined, '', '  '])('takes the default where the value is %p', (value) => {
    expect(read(number, value)).toBe(5);
    expect(read(yesOrNo, value)).toBe(false);
    expect(read(numbers, value)).toEqual([]);
  });

  it('takes undefined as default where that is written down', () => {
    expect(read(url('SITE', { protocols: ['https:'], example: '', default: undefined }), '')).toBeUndefined();
  });

  it('says what was found and what was wanted', () => {
    expect(faultOf(() => read(number, 'many'))).toBe('NUMBER="many": must be a whole number from 1 to 10');
    expect(faultOf(() => read(site, undefined))).toBe(
      'SITE is not set: must be a https: or wss: URL, for example https://example.org',
    );
  });

  it('names every fault at once, in the order of the settings', () => {
    const env = { NUMBER: 'many', FLAG: 'maybe' };
    const lines = faultOf(() => readSettings(env, { number, yesOrNo, site, colour })).split('\n');
    expect(lines.map((line) => /^[A-Z]+/.exec(line)?.[0])).toEqual(['NUMBER', 'FLAG', 'SITE']);
  });

  it('never shows a secret', () => {
    expect(faultOf(() => read(key, 'hunter2'))).toBe(
      'KEY (7 characters, not shown): must be at least 8 hexadecimal characters',
    );
    expect(faultOf(() => read(key, undefined))).toMatch(/^KEY is not set: /);
  });

  it('checks rules between settings, once each of them is right', () => {
    const least = integer('LEAST', { min: 0, max: 9, default: 0 });
    const most = integer('MOST', { min: 0, max: 9, default: 9 });
    const check = (settings: { least: number; most: number }) =>
      settings.least > settings.most ? ['LEAST must not be above MOST'] : [];
    expect(readSettings({ LEAST: '3' }, { least, most }, check)).toEqual({ least: 3, most: 9 });
    expect(faultOf(() => readSettings({ LEAST: '3', MOST: '2' }, { least, most }, check))).toBe(
      'LEAST must not be above MOST',
    );
    expect(faultOf(() => readSettings({ LEAST: '3', MOST: 'x' }, { least, most }, check))).toMatch(
      /^MOST="x"/,
    );
  });

  it('ignores what nobody asked for, and freezes the result', () => {
    const settings = readSettings({ OTHER: 'x' }, { number });
    expect(settings).toEqual({ number: 5 });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it("does not take a bug in a setting for the operator's mistake", () => {
    const broken = list('BROKEN', {
      of: 'things',
      itemsMax: 1,
      item: () => {
        throw new TypeError('bug');
      },
    });
    expect(() => read(broken, 'x')).toThrow(TypeError);
  });
});

describe('withoutSecrets()', () => {
  it('shows the values under their names, and of a secret only whether it is set', () => {
    const optional = secret('OPTIONAL', { charsMin: 8, default: undefined as unknown as string });
    const spec = { number, key, optional };
    const settings = readSettings({ KEY: 'abcdef0123' }, spec);
    expect(withoutSecrets(spec, settings)).toEqual({ NUMBER: 5, KEY: 'set', OPTIONAL: 'not set' });
  });
});
