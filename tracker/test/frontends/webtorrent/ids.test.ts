import fc from 'fast-check';
import { decodeId, idToHex } from '../../../src/frontends/webtorrent/ids.ts';

const read = (json: string): string | undefined => {
  const bytes = Buffer.from(json);
  return decodeId(bytes, 1, bytes.length - 1);
};

describe('decodeId()', () => {
  const anyId = fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .map((bytes) => Buffer.from(bytes).toString('latin1'));

  it('gives back every id, in every spelling', () => {
    fc.assert(
      fc.property(anyId, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), (id, escaped) => {
        expect(read(JSON.stringify(id))).toBe(id);
        const spelled = [...id].map((char, index) =>
          escaped[index]
            ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`
            : JSON.stringify(char).slice(1, -1),
        );
        expect(read(`"${spelled.join('')}"`)).toBe(id);
      }),
    );
  });

  it.each([
    ['19 characters', 'a'.repeat(19)],
    ['21 characters', 'a'.repeat(21)],
    ['a character beyond U+00FF', `${'a'.repeat(19)}\u0100`],
    ['a surrogate pair', `${'a'.repeat(18)}\u{1f600}`],
    ['nothing', ''],
    ['40 hexadecimal digits', 'ab'.repeat(20)],
  ])('refuses %s', (_case, text) => {
    expect(read(JSON.stringify(text))).toBeUndefined();
  });

  it('refuses an escaped character beyond U+00FF', () => {
    expect(read(`"${'a'.repeat(19)}\\u0100"`)).toBeUndefined();
  });
});

it('idToHex() writes a byte as two digits', () => {
  expect(idToHex(`\u0000\u000f${'a'.repeat(17)}\u00ff`)).toBe(`000f${'61'.repeat(17)}ff`);
});
