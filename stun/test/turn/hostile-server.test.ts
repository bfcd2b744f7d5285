// The state machine under hostile packets, and every message cut and changed at every byte.
import { attack, attackStreams, everyMessage } from '../support/fuzz.ts';
import { FakeTransport } from './fake-transport.ts';

/** All of a million takes half a minute on a busy machine, so CI sends a fifth: HOSTILE_PACKETS=1000000 for all. */
const PACKETS = Number(process.env['HOSTILE_PACKETS'] ?? 200_000);
const STREAM_MESSAGES = PACKETS / 5;

describe('hostile packets', () => {
  it(`${PACKETS} of them: nothing thrown, nothing leaked, another client’s packets all delivered`, () => {
    const { fake, good, delivered } = attack(PACKETS, 20_261_121);
    expect(delivered).toBe(PACKETS / 100);
    expect(good.allocation).toBeDefined();
    // The good client, and up to 12 for each of the 5 names of the others.
    expect(fake.turnServer.table.allocations.size).toBeLessThanOrEqual(1 + 5 * 12);
    const { drops, errorResponses } = fake.counters;
    // The attack reached every part, or it would prove little.
    expect(drops.malformed).toBeGreaterThan(PACKETS / 10);
    expect(drops.noPermission).toBeGreaterThan(PACKETS / 1_000);
    expect(fake.counters.allocationsTotal).toBeGreaterThan(50);
    expect(Object.keys(errorResponses)).toEqual(
      expect.arrayContaining(['400', '401', '420', '437', '438', '508']),
    );
    fake.advance(3_601_000);
    expect(fake.openSockets).toBe(0);
    expect(fake.turnServer.table.quotas.entries).toBe(0);
  }, 60_000);

  it(`${STREAM_MESSAGES} messages on streams, every tenth hostile, cut anywhere: nothing thrown, nothing leaked`, () => {
    const { fake, messages, closed } = attackStreams(STREAM_MESSAGES, 8_656);
    // Lengths that lie swallow a good many of the messages behind them.
    expect(messages).toBeGreaterThan(STREAM_MESSAGES / 8);
    expect(closed).toBeGreaterThan(STREAM_MESSAGES / 100);
    expect(fake.counters.allocationsTotal).toBeGreaterThan(STREAM_MESSAGES / 1_000);
    // Every connection is gone; only reserved ports may be left, for their 30 s.
    expect(fake.turnServer.table.allocations.size).toBe(0);
    fake.advance(31_000);
    expect(fake.openSockets).toBe(0);
    expect(fake.turnServer.table.quotas.entries).toBe(0);
  }, 60_000);

  it('every kind of message, cut at every byte: dropped', () => {
    const fake = new FakeTransport();
    for (const message of everyMessage(fake.client())) {
      for (let end = 0; end < message.length; end++) {
        const client = fake.client();
        client.receive(message.subarray(0, end));
        expect(client.sent).toEqual([]);
        expect(client.allocation).toBeUndefined();
      }
    }
  });

  it('every sealed message with any bit of its sealed part changed: no success', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    // The fingerprint is left out: it would catch nearly all of this before the seal does.
    for (const message of everyMessage(client)) {
      if (message[0]! >= 0x40 || message.indexOf(Buffer.from('00080014', 'hex')) < 0) continue;
      const bare = message.subarray(0, -8);
      bare.writeUInt16BE(bare.length - 20, 2);
      const sealedEnd = bare.lastIndexOf(Buffer.from('00080014', 'hex'));
      for (let at = 0; at < sealedEnd * 8; at++) {
        const changed = Buffer.from(bare);
        changed[at >> 3]! ^= 1 << (at & 7);
        client.receive(changed);
        const answer = client.answer();
        // A request may be turned into a Binding, which needs no seal.
        if (answer?.method !== 1) expect(answer?.class).not.toBe('success');
        expect(client.allocation).toBeUndefined();
      }
    }
  });
});
