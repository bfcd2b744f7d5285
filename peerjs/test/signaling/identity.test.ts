import { createHmac } from 'node:crypto';
import { isId, isSignedToken, isToken, signToken } from '../../src/signaling/identity.ts';

describe('isId()', () => {
  it.each(['a', 'Z9', 'my-room_1', 'two words', '0b7e4b5e-5c3b-4f3a-9a43-d2b1a3e0c1ff', 'constructor'])(
    'accepts %j, as the PeerJS client does',
    (id) => expect(isId(id, 64)).toBe(true),
  );

  it.each(['', ' a', 'a ', '-a', 'a--b', 'a/b', '../a', '<a>', 'ä', '__proto__', 'a\nb', 'a\n'])(
    'refuses %j',
    (id) => expect(isId(id, 64)).toBe(false),
  );

  it('refuses one character too many', () => {
    expect(isId('x'.repeat(64), 64)).toBe(true);
    expect(isId('x'.repeat(65), 64)).toBe(false);
  });
});

describe('isToken()', () => {
  it.each([
    ['what the PeerJS client makes', 'k2j9x0qz7a', true],
    ['the shortest that it can make', 'i', true],
    ['nothing', '', false],
    ['base64 with its "+" as it comes', 'ab cd/ef==', true],
    ['a JSON Web Token', `${'e'.repeat(36)}.${'e'.repeat(700)}.${'e'.repeat(43)}`, true],
    ['too much', 'x'.repeat(1025), false],
    ['a line break', 'a\nb', false],
    ['other characters', 'tökén', false],
  ])('judges %s', (_case, token, wanted) => expect(isToken(token)).toBe(wanted));
});

describe('isSignedToken()', () => {
  const secret = '0123456789abcdef'.repeat(2);
  const token = signToken(secret, 'alice', 2_000);

  it('accepts what signToken() made, until it expires', () => {
    expect(isSignedToken(secret, 'alice', token, 1_999)).toBe(true);
    expect(isSignedToken(secret, 'alice', token, 2_000)).toBe(false);
  });

  it('is the format that the docs tell operators to make', () => {
    const signature = createHmac('sha256', secret).update('2000.alice').digest('hex');
    expect(token).toBe(`2000.${signature}`);
  });

  it.each([
    ['another id', 'bob', token],
    ['an expiry that was moved', 'alice', token.replace('2000.', '9000.')],
    ['another signature', 'alice', `2000.${'0'.repeat(64)}`],
    ['a signature that is too short', 'alice', token.slice(0, -1)],
    ['no signature', 'alice', '2000.'],
    ['no dot', 'alice', token.replace('.', '')],
    ['an expiry that is no number', 'alice', token.replace('2000', 'NaN0')],
    ['nothing', 'alice', ''],
  ])('refuses %s', (_case, id, given) => expect(isSignedToken(secret, id, given, 1_000)).toBe(false));

  it('refuses what another secret signed', () => {
    expect(isSignedToken('f'.repeat(32), 'alice', token, 1_000)).toBe(false);
  });
});
