import { RecentlyAsked } from '../src/recently-asked.ts';

describe('RecentlyAsked', () => {
  it('keeps so many souls, those asked for last', () => {
    const asked = new RecentlyAsked();
    for (let i = 0; i < 600; i++) asked.add(`soul${i}`);
    asked.add('soul550');
    const souls = [...asked.souls()];
    expect([souls.length, souls[0], souls.at(-1)]).toEqual([500, 'soul100', 'soul550']);
  });

  it('keeps so many characters, however long each is', () => {
    const asked = new RecentlyAsked();
    for (let i = 0; i < 500; i++) asked.add(`${i}${'x'.repeat(250_000)}`);
    expect(asked.chars).toBeLessThanOrEqual(65_536);
    for (let i = 0; i < 500; i++) asked.add(`${i}${'x'.repeat(4_000)}`);
    expect(asked.chars).toBeLessThanOrEqual(65_536);
    expect([...asked.souls()].length).toBe(16);
  });
});
