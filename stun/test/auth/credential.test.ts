// REST credentials: vectors from another implementation of HMAC, and properties.
import fc from 'fast-check';
import { createAuthenticate } from '../../src/auth/authenticate.ts';
import { expiryOf, mintCredential, nameOf, passwordOf } from '../../src/auth/credential.ts';

const secret = '0123456789abcdef0123456789abcdef';

describe('passwordOf()', () => {
  // printf %s USER | openssl dgst -sha1 -hmac SECRET -binary | base64
  it.each([
    ['1700003600:alice', 'HUgaepYTXVnvj1Vo97U6+hBbmH4='],
    ['1600000000:', 'qLxbdPz9BOhSgAaaxF4qoUbyXsQ='],
    ['1700003600:zoë 🙂', 'Ex6Jy99oY1+CnzwCFLF/iM6Ehaw='],
  ])('signs %s as openssl does', (username, password) => {
    expect(passwordOf(username, secret)).toBe(password);
  });
});

describe('mintCredential()', () => {
  it('writes the expiry in Unix seconds before the name', () => {
    const made = mintCredential(secret, { name: 'alice', nowMs: 1_700_000_000_999, ttlSeconds: 3_600 });
    expect(made).toEqual({
      username: '1700003600:alice',
      password: 'HUgaepYTXVnvj1Vo97U6+hBbmH4=',
      expiresAtSeconds: 1_700_003_600,
    });
  });

  it('is accepted until its last second and by the secret that made it alone', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 0, max: 4_000_000_000_000 }),
        fc.integer({ min: 60, max: 86_400 }),
        (name, nowMs, ttlSeconds) => {
          const { username, password, expiresAtSeconds } = mintCredential(secret, {
            name,
            nowMs,
            ttlSeconds,
          });
          expect(expiryOf(username)).toBe(expiresAtSeconds);
          expect(nameOf(username)).toBe(name);
          expect(passwordOf(username, secret)).toBe(password);
          expect(passwordOf(username, `${secret}0`)).not.toBe(password);
          const at = (now: number) =>
            createAuthenticate({ secrets: () => [secret], realm: 'r', wallClockMs: () => now })(username);
          expect(at(expiresAtSeconds * 1000 - 1)?.expiresInMs).toBe(1);
          expect(at(expiresAtSeconds * 1000)?.expiresInMs).toBe(0);
        },
      ),
    );
  });
});

describe('createAuthenticate()', () => {
  const authenticate = createAuthenticate({
    secrets: () => [secret, 'f'.repeat(32)],
    realm: 'example.org',
    wallClockMs: () => 0,
  });

  it.each([
    'constructor',
    '__proto__',
    'toString',
    '',
    ':',
    'alice',
    'alice:1700003600',
    '-1:alice',
    '1e9:alice',
    ' 1:a',
    '17000036000:alice',
  ])('knows nobody called %j', (username) => {
    expect(authenticate(username)).toBeUndefined();
  });

  it('gives one key for each secret, the current one first', () => {
    const { keys, account, expiresInMs } = authenticate('1700003600:alice')!;
    // printf %s USER:example.org:PASSWORD | md5sum
    expect(keys.map((key) => key.toString('hex'))).toEqual([
      '83f0217d4a1b8a97a9ccc2a1a0331f8f',
      'cb77488e6f3af2779a5bfe79478984d3',
    ]);
    expect({ account, expiresInMs }).toEqual({ account: 'alice', expiresInMs: 1_700_003_600_000 });
  });

  it('counts every renewal for the same account', () => {
    expect(authenticate('1700003600:alice')?.account).toBe(authenticate('1800003600:alice')?.account);
  });
});
