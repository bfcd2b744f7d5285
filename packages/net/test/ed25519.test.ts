import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { isSmallOrderKey, verifyEd25519 } from '../src/ed25519.ts';

const NEUTRAL = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
/** R is the neutral element, S is 0: right for every text where the key has order 1. */
const FORGED = Buffer.concat([NEUTRAL, Buffer.alloc(32)]);

describe('verifyEd25519()', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const signature = sign(null, Buffer.from('é'), privateKey);

  it('takes what the key has signed, and nothing else', () => {
    expect(verifyEd25519(key, 'é', signature)).toBe(true);
    expect(verifyEd25519(key, 'e', signature)).toBe(false);
    expect(verifyEd25519(key, 'é', signature.subarray(1))).toBe(false);
    expect(verifyEd25519(key.subarray(1), 'é', signature)).toBe(false);
  });

  it('tells keys apart, however many it has seen since', () => {
    const bytesOf = (of: typeof publicKey): Buffer =>
      of.export({ format: 'der', type: 'spki' }).subarray(-32);
    const others = Array.from({ length: 600 }, () => generateKeyPairSync('ed25519'));
    for (let round = 0; round < 2; round++) {
      for (const other of others) {
        const theirs = sign(null, Buffer.from('é'), other.privateKey);
        expect(verifyEd25519(bytesOf(other.publicKey), 'é', theirs)).toBe(true);
        expect(verifyEd25519(bytesOf(other.publicKey), 'é', signature)).toBe(false);
        expect(verifyEd25519(key, 'é', theirs)).toBe(false);
      }
      expect(verifyEd25519(key, 'é', signature)).toBe(true);
      expect(verifyEd25519(Buffer.alloc(32, 0xff), 'é', signature)).toBe(false); // no point of the curve
    }
  });

  it('refuses the signature that fits every text, which Node alone accepts', () => {
    const x = NEUTRAL.toString('base64url');
    const weak = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    expect(verify(null, Buffer.from('anything'), weak, FORGED)).toBe(true);
    expect(verifyEd25519(NEUTRAL, 'anything', FORGED)).toBe(false);
  });

  it.each([
    '00'.repeat(32),
    `${'00'.repeat(31)}80`,
    `01${'00'.repeat(31)}`,
    `01${'00'.repeat(30)}80`,
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(31)}`,
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ])('knows %s for a key of small order', (hex) => {
    expect(isSmallOrderKey(Buffer.from(hex, 'hex'))).toBe(true);
    expect(isSmallOrderKey(key)).toBe(false);
  });
});
