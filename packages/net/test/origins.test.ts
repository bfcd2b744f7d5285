import { createOriginCheck, readOrigin } from '../src/origins.ts';

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

describe('readOrigin()', () => {
  it.each(['https://a.example', 'http://localhost:8080', 'https://*.a.example', 'none'])('takes %s', (text) =>
    expect(readOrigin(text)).toBe(text),
  );
  it.each(['*', 'a.example', 'https://a.example/', 'https://a.example/path', 'ftp://a.example', 'https://*'])(
    'refuses %s',
    (text) => expect(readOrigin(text)).toBeUndefined(),
  );
});
