// The small rules: what is kept, and whom to link to.
import { chooseLinks } from '../src/links.ts';
import { Memory } from '../src/memory.ts';
import { idOf, rosterOf } from './support/relays.ts';

describe('Memory', () => {
  it('forgets the souls that were written longest ago', () => {
    const forgotten: string[] = [];
    const memory = new Memory(5_000, (soul) => forgotten.push(soul));
    for (let i = 0; i < 20; i++) {
      memory.written('kept', 'count', i === 0 ? undefined : i - 1, i);
      memory.written(`soul${i}`, 'text', undefined, 'x'.repeat(200));
      expect(memory.bytes).toBeLessThanOrEqual(5_000);
    }
    expect(forgotten[0]).toBe('soul0');
    expect(forgotten).not.toContain('kept');
    expect(forgotten.length + memory.souls).toBe(21);
    expect(memory.forgotten).toBe(forgotten.length);
  });

  it('counts what a field grows by, and no more', () => {
    const memory = new Memory(1_000_000, () => undefined);
    memory.written('a', 'text', undefined, 'xxxx');
    const { bytes } = memory;
    memory.written('a', 'text', 'xxxx', 'yyyyyy');
    expect(memory.bytes).toBe(bytes + 4);
    memory.written('a', 'text', 'yyyyyy', 'xxxx');
    expect(memory.bytes).toBe(bytes);
  });

  it('forgets a soul that is too large for it alone', () => {
    const forgotten: string[] = [];
    const memory = new Memory(1_000, (soul) => forgotten.push(soul));
    memory.written('large', 'text', undefined, 'x'.repeat(1_000));
    expect(forgotten).toEqual(['large']);
    expect(memory.bytes).toBe(0);
  });
});

describe('chooseLinks()', () => {
  const relays = Array.from({ length: 40 }, (_, number) => ({ url: `http://r${number}.example/gun` }));

  it('dials relays with larger ids only, no more than it may', () => {
    const urls = chooseLinks(rosterOf(relays, 10), 4);
    expect(urls).toHaveLength(4);
    for (const url of urls) expect(Number(/r(\d+)/.exec(url)![1])).toBeGreaterThan(10);
  });

  it.each([1, 2, 8])('lets all relays hang together, with %i links each', (linksMax) => {
    const reached = new Set([relays.length - 1]);
    for (let number = relays.length - 2; number >= 0; number--) {
      const chosen = chooseLinks(rosterOf(relays, number), linksMax);
      // Its links lead upwards, to where all hang together already
      if (chosen.some((url) => reached.has(Number(/r(\d+)/.exec(url)![1])))) reached.add(number);
    }
    expect(reached.size).toBe(relays.length);
  });

  it('leaves out relays without the service, and those that share this one', () => {
    const roster = rosterOf([...relays.slice(0, 3), { url: relays[0]!.url }], 0);
    const without = roster.relays.map((one) => (one.id === idOf(1) ? { ...one, services: {} } : one));
    expect(chooseLinks({ ...roster, relays: without }, 8)).toEqual(['ws://r2.example/gun']);
  });
});
