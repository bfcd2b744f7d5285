// Whatever peers do: what a subscriber was told is the truth, and it was told nothing twice.
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { Graffiti } from '../../../src/frontends/graffiti/graffiti.ts';
import type { GraffitiLink, GraffitiSession } from '../../../src/frontends/graffiti/session.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const HASHES = ['x', 'y', 'z'].map(sha256);
const PROOFS = ['a', 'b', 'c', 'd'].map(sha256);
const MESSAGE_ID = sha256('m');

interface Told {
  readonly messageID?: string;
  readonly action?: 'announce' | 'unannounce';
  readonly peer?: string;
  readonly info_hash?: string;
}

/** A subscriber that believes what it is told, and complains where that contradicts itself. */
class Believer implements GraffitiLink {
  readonly addressKey = '192.0.2.1';
  readonly announced = new Set<string>();
  readonly beliefs = new Map<string, Set<string>>();
  session: GraffitiSession | undefined;
  /** Frames that it takes before it is congested. */
  window = Infinity;
  waiting = 0;
  #drained: (() => void) | undefined;
  hold(): boolean {
    return true;
  }
  release(): void {
    // nothing is counted here
  }
  get isCongested(): boolean {
    return this.waiting >= this.window;
  }
  whenDrained(callback: () => void): void {
    if (this.#drained !== undefined) throw new Error('asked twice');
    this.#drained = callback;
  }
  /** Reads what waits; true where more may have come then. */
  drain(): boolean {
    const callback = this.#drained;
    this.waiting = 0;
    this.#drained = undefined;
    callback?.();
    return callback !== undefined;
  }
  send(text: string): void {
    this.waiting++;
    const told = JSON.parse(text) as Told;
    if (told.action === undefined) return;
    const peers = this.beliefs.get(told.info_hash!);
    if (peers === undefined) throw new Error('pushed without subscription');
    if (told.action === 'announce' && peers.has(told.peer!)) throw new Error('announced twice');
    if (told.action === 'announce') peers.add(told.peer!);
    else if (!peers.delete(told.peer!)) throw new Error('unannounced a peer that was never announced');
  }
  close(): void {
    this.session = undefined;
  }
  pay(): void {
    // Nobody here owes anything.
  }
  probe(): void {
    // Everybody here is alive.
  }
}

const step = fc.record({
  peer: fc.nat(PROOFS.length - 1),
  action: fc.constantFrom('announce', 'unannounce', 'subscribe', 'unsubscribe', 'leave', 'drain', 'drain'),
  hashes: fc.uniqueArray(fc.constantFrom(...HASHES), { minLength: 1 }),
});

function compare(here: ReadonlyMap<number, Believer>): void {
  for (const { beliefs } of here.values())
    for (const [hash, peers] of beliefs) {
      const truth = [...here].filter(([, other]) => other.announced.has(hash));
      const ids = truth.map(([index]) => sha256(PROOFS[index]!));
      expect([...peers].sort()).toEqual(ids.sort());
    }
}

describe('what subscribers believe', () => {
  it.each([
    ['the truth after every step', Infinity],
    ['the truth once they have read everything, one frame at a time,', 1],
    ['the same where they read in twos,', 2],
  ])('is %s with no peer left that has gone, and nothing told twice', (_case, window) => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const graffiti = new Graffiti({
          relayUrl: undefined,
          randomHex: () => '',
          limits: {
            infoHashesMax: 100,
            announcesPerPeerMax: 2,
            subscriptionsPerPeerMax: 3,
            perAddressMax: 100,
          },
          refuse: () => undefined,
          nextTurn: () => undefined, // all of it fits into one turn
        });
        const here = new Map<number, Believer>();
        for (const { peer, action, hashes } of steps) {
          const believer = here.get(peer) ?? new Believer();
          believer.window = window;
          if (!here.has(peer)) {
            believer.session = graffiti.open(believer);
            believer.session.receive(believer, Buffer.from(PROOFS[peer]!), 0);
          }
          here.set(peer, believer);
          if (action === 'leave') {
            believer.session?.closed(believer, 0);
            here.delete(peer);
          } else if (action === 'drain') believer.drain();
          else {
            if (action === 'announce' && new Set([...believer.announced, ...hashes]).size <= 2)
              for (const hash of hashes) believer.announced.add(hash);
            if (action === 'unannounce') for (const hash of hashes) believer.announced.delete(hash);
            // A subscriber that hears of the confirmation first begins with an empty belief.
            if (action === 'subscribe')
              for (const hash of hashes)
                if (!believer.beliefs.has(hash)) believer.beliefs.set(hash, new Set());
            believer.session?.receive(
              believer,
              Buffer.from(JSON.stringify({ messageID: MESSAGE_ID, action, info_hashes: hashes })),
              0,
            );
            if (action === 'unsubscribe') for (const hash of hashes) believer.beliefs.delete(hash);
          }
          if (window === Infinity) compare(here); // who reads slowly believes what was true a while ago
        }
        for (const believer of here.values()) while (believer.drain());
        compare(here);
        const all = [...here.values()];
        expect(graffiti).toMatchObject({
          peers: all.length,
          announces: all.reduce((sum, one) => sum + one.announced.size, 0),
          subscriptions: all.reduce((sum, one) => sum + one.beliefs.size, 0),
        });
        for (const one of all) one.session?.closed(one, 0);
        expect(graffiti).toMatchObject({ peers: 0, announces: 0, subscriptions: 0, infoHashes: 0 });
      }),
      { numRuns: 500 },
    );
  });
});
