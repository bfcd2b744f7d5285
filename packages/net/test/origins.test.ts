import { createOriginCheck, isRequestAllowed, readOrigin } from '../src/origins.ts';

describe('createOriginCheck()', () => {
  it('admits everybody where the list is empty', () => {
    expect(createOriginCheck([])('https://anywhere.example')).toBe(true);
    expect(createOriginCheck([])(undefined)).toBe(true);
  });

  const check = createOriginCheck(['https://a.example', 'https://*.b.example', 'http://localhost:8080']);
  it.each([
    ['https://a.example', true],
    ['HTTPS://A.example', true],
    ['http://a.example', false],
    ['https://a.example:8443', false],
    ['https://a.example.evil.example', false],
    ['https://x.b.example', true],
    ['https://x.y.b.example', true],
    ['https://b.example', false],
    ['https://evilb.example', false],
    ['https://evil.test/.b.example', false],
    ['http://localhost:8080', true],
    ['null', false],
    [undefined, false],
  ])('judges %s', (origin, wanted) => expect(check(origin)).toBe(wanted));

  it('admits clients without an origin only where the list says so', () => {
    const check = createOriginCheck(['https://a.example', 'none']);
    expect(check(undefined)).toBe(true);
    expect(check('none')).toBe(false);
  });
});

describe('isRequestAllowed()', () => {
  const check = createOriginCheck(['https://a.example']);
  it.each([
    [{ origin: 'https://a.example' }, true],
    [{ origin: 'https://b.example', 'sec-fetch-site': 'same-origin' }, false],
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{}, false],
  ])('judges %j', (headers, wanted) => expect(isRequestAllowed(check, headers)).toBe(wanted));
});

describe('readOrigin()', () => {
  it.each([
    'https://a.example',
    'http://localhost:8080',
    'https://*.a.example',
    'http://[::1]:8080',
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://0b4f2a3c-1234-4cde-8f00-0123456789ab',
    'null',
    'none',
  ])('takes %s', (text) => expect(readOrigin(text)).toBe(text));

  it.each([
    ['HTTPS://A.example', 'https://a.example'],
    ['https://a.example:443', 'https://a.example'],
    ['http://[0:0:0:0:0:0:0:1]:8080', 'http://[::1]:8080'],
  ])('reads %s as browsers write it', (text, origin) => expect(readOrigin(text)).toBe(origin));

  it.each([
    '*',
    'a.example',
    'https://a.example/',
    'https://a.example/path',
    'ftp://a.example',
    'https://*',
    'wss://a.example',
    'http://[::1',
    'http://[1::2::3]',
    'https://a.example:99999',
    'capacitor://*.localhost',
    'javascript://a',
    'undefined',
  ])('refuses %s', (text) => expect(readOrigin(text)).toBeUndefined());
});

it('admits a page without an origin only where "null" is named', () => {
  expect(createOriginCheck(['https://a.example'])('null')).toBe(false);
  expect(createOriginCheck(['null'])('null')).toBe(true);
  expect(createOriginCheck(['null'])(undefined)).toBe(false);
  expect(createOriginCheck(['capacitor://localhost'])('capacitor://localhost')).toBe(true);
});
