import { BUCKETS, encodeRelayMessage, type RelayMessage } from '@relay-swarm/protocol';
import { MapMemberStore } from '../src/membership/member-store.ts';
import { createMember } from '../src/membership/member.ts';
import { MemberTable } from '../src/membership/member-table.ts';
import { Renewal, Replacement, soughtSessions, type ViewPeer } from '../src/membership/view.ts';
import { CompactStore, Registry } from '../src/simulator/compact-store.ts';
import { describeFar } from '../src/roster/far-relays.ts';
import { createDice } from '../src/simulator/dice.ts';
import { messageBytes } from '../src/simulator/message-bytes.ts';
import {
  have,
  healthOf,
  idOf,
  recordOf,
  START_MS,
  startOf,
  TestMembership,
  TestPeer,
  vouchOf,
} from './membership-relay.ts';

describe('proof before offering', () => {
  it('offers what it has dialled itself', () => {
    const it = new TestMembership();
    expect(it.addMember(1)).toBe(true);
    expect(it.has(1)).toBe(true);
  });

  it('does not offer what one or two say, and looks for itself', () => {
    const it = new TestMembership();
    const [a, b] = [it.addSession(1), it.addSession(2)];
    it.tell(a, recordOf(9));
    it.tell(b, recordOf(9));
    expect(it.has(9)).toBe(false);
    it.run(2);
    expect(it.visits).toContain(9);
    it.membership.proven(recordOf(9), '10.9.9.9', it.nowMs);
    expect(it.has(9)).toBe(true);
  });

  it('offers what relays of three networks say that it has looked at itself', () => {
    const it = new TestMembership();
    for (const n of [1, 2, 3]) it.tell(it.addSession(n), recordOf(9));
    expect(it.has(9)).toBe(true);
  });

  it('counts three relays of one network once', () => {
    const it = new TestMembership();
    for (const n of [1, 2, 3]) it.tell(it.addSession(n, `10.0.0.${n}`), recordOf(9));
    expect(it.has(9)).toBe(false);
  });

  it('counts nobody whose URL it has not looked at itself', () => {
    const it = new TestMembership();
    for (const n of [1, 2, 3]) {
      const peer = new TestPeer(n);
      it.membership.joined(peer, 0);
      it.tell(peer, recordOf(9));
    }
    expect(it.has(9)).toBe(false);
  });

  it('counts signed vouches of members, and of nobody else', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    it.addMember(2);
    it.tell(peer, recordOf(9, { vouches: [vouchOf(1), vouchOf(2), vouchOf(77)] }));
    expect(it.has(9)).toBe(false);
    it.addMember(3);
    it.tell(peer, recordOf(8, { vouches: [vouchOf(1), vouchOf(2), vouchOf(3)] }));
    expect(it.has(8)).toBe(true);
  });

  it.each([
    ['old', vouchOf(3, START_MS - 3_700_000)],
    ['of the future', vouchOf(3, START_MS + 3_700_000)],
    ['not signed by who is named', { ...vouchOf(3), signature: idOf(4) }],
    ["the relay's own", { ...vouchOf(9) }],
  ])('does not count a vouch that is %s', (_what, vouch) => {
    const it = new TestMembership();
    for (const n of [2, 3]) it.addMember(n);
    // One word and one good vouch: two of the three that are wanted
    it.tell(it.addSession(1), recordOf(9, { vouches: [vouchOf(2), vouch] }));
    expect(it.has(9)).toBe(false);
  });

  it('takes a newer descriptor of the same URL at once, and one of another URL only when that is proven', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    it.addMember(9);
    it.tell(peer, recordOf(9, { issuedAt: START_MS + 1 }));
    expect(it.membership.table.get(startOf(9))!.version).toBe(START_MS + 1);
    it.tell(peer, recordOf(9, { issuedAt: START_MS + 2, url: 'wss://elsewhere.example' }));
    expect(it.membership.table.get(startOf(9))!.version).toBe(START_MS + 1);
  });

  it('takes no older descriptor, none that was not asked for and none with a wrong signature', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    it.addMember(9);
    it.tell(peer, recordOf(9, { issuedAt: START_MS - 1 }));
    it.hear(peer, { action: 'records', records: [recordOf(9, { issuedAt: START_MS + 5 })] });
    const forged = recordOf(9, { issuedAt: START_MS + 6 });
    it.tell(peer, { ...forged, descriptor: { ...forged.descriptor, signature: idOf(8) } });
    expect(it.membership.table.get(startOf(9))!.version).toBe(START_MS);
  });

  it('lets a relay have its descriptor issued anew once three networks vouch for it', () => {
    const it = new TestMembership();
    for (const n of [1, 2, 3]) {
      expect(it.vouchedFor).toBe(0);
      it.hear(it.addSession(n), { action: 'vouch', vouch: vouchOf(n) });
    }
    expect(it.vouchedFor).toBe(1);
    it.membership.setSelf(recordOf(0, { issuedAt: START_MS + 1 }).descriptor);
    expect(it.membership.table.get(startOf(0))!.record.vouches).toHaveLength(3);
  });
});

describe('shares of an address and of a network', () => {
  it('gives an address four places and a network sixteen', () => {
    const it = new TestMembership();
    let next = 1;
    const places = (address: (n: number) => string): number =>
      Array.from({ length: 40 }, (_, n) => it.addMember(next++, address(n))).filter(Boolean).length;
    expect(places(() => '10.0.0.1')).toBe(4);
    expect(places((n) => `10.0.0.${n + 2}`)).toBe(12);
  });

  it('has the place back when a relay goes', () => {
    const table = new MemberTable(new MapMemberStore(), {
      membersMax: 9,
      perAddressMax: 1,
      perNetworkMax: 9,
    });
    const place = { address: 'a', network: 'n' };
    table.set(createMember(recordOf(1)), place);
    expect(table.hasRoom(startOf(2), place)).toBe(false);
    expect(table.hasRoom(startOf(1), place)).toBe(true);
    table.delete(startOf(1));
    expect(table.hasRoom(startOf(2), place)).toBe(true);
  });
});

describe('suspicion', () => {
  it('is checked before it is believed: twice, and told once', () => {
    const it = new TestMembership();
    const [teller, other] = [it.addSession(1), it.addSession(2)];
    it.addMember(9);
    it.run(70); // what was seen a minute ago is looked at again
    other.sent.length = 0;
    it.visits.length = 0;
    it.hear(teller, have({ gone: [startOf(9)] }));
    it.run(4);
    expect(it.visits).toEqual([9]);
    it.membership.failed(idOf(9), it.nowMs);
    expect(it.has(9)).toBe(true);
    it.run(4);
    expect(it.visits.filter((n) => n === 9)).toHaveLength(2);
    it.membership.failed(idOf(9), it.nowMs);
    expect(it.has(9)).toBe(false);
    it.run(3);
    expect(other.take('have').flatMap(({ gone }) => gone)).toEqual([startOf(9)]);
  });

  it('does not listen any more to one that has slandered six relays that live', () => {
    const it = new TestMembership();
    const slanderer = it.addSession(1);
    for (let n = 20; n < 40; n++) it.addMember(n);
    it.run(100);
    let looks = 0;
    for (let n = 20; n < 40; n++) {
      it.visits.length = 0;
      it.hear(slanderer, have({ gone: [startOf(n)] }));
      it.run(3);
      if (it.visits.includes(n)) looks++;
      it.membership.proven(recordOf(n), `10.0.${n}.1`, it.nowMs);
      expect(it.has(n)).toBe(true);
    }
    expect(looks).toBeGreaterThanOrEqual(6);
    expect(looks).toBeLessThan(10);
    expect(it.membership.slanderers).toEqual([slanderer.id]);
  });

  it('does not look again because of one that it has just seen, nor of one that it talks to', () => {
    const it = new TestMembership();
    const slanderer = it.addSession(1);
    it.addSession(2);
    it.addMember(9);
    it.hear(slanderer, have({ gone: [startOf(9), startOf(2), startOf(0)] }));
    it.run(5);
    expect(it.visits).toEqual([]);
  });

  it('follows the loss of a session', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    it.membership.left(peer, true, it.nowMs);
    it.run(1);
    expect(it.visits).toEqual([1]);
  });

  it('does not bring back a relay that is down by words of before: it takes a look, or vouches of after', () => {
    const it = new TestMembership();
    const sessions = [1, 2, 3].map((n) => it.addSession(n));
    it.addMember(9);
    it.nowMs = 10_000;
    for (let i = 0; i < 2; i++) it.membership.failed(idOf(9), it.nowMs);
    expect(it.has(9)).toBe(false);
    for (const peer of sessions) it.tell(peer, recordOf(9));
    expect(it.has(9)).toBe(false);
    it.nowMs = 40_000;
    const vouches = [1, 2, 3].map((n) => vouchOf(n, START_MS + 5_000));
    it.tell(sessions[0]!, recordOf(9, { issuedAt: START_MS + 1, vouches }));
    expect(it.has(9)).toBe(false);
    const fresh = [1, 2, 3].map((n) => vouchOf(n, START_MS + 20_000));
    it.tell(sessions[0]!, recordOf(9, { issuedAt: START_MS + 2, vouches: fresh }));
    expect(it.has(9)).toBe(true);
  });

  it('looks again at what is down: for ten minutes often, then ever more rarely', () => {
    const it = new TestMembership();
    it.addMember(9);
    for (let i = 0; i < 2; i++) it.membership.failed(idOf(9), it.nowMs);
    const looksIn = (seconds: number): number => {
      it.visits.length = 0;
      for (let second = 0; second < seconds; second++) {
        const before = it.visits.length;
        it.run(1);
        if (it.visits.length > before) it.membership.failed(idOf(9), it.nowMs);
      }
      return it.visits.length;
    };
    const first = looksIn(600);
    expect(first).toBeGreaterThan(12);
    expect(first).toBeLessThan(25);
    expect(looksIn(7_200)).toBeLessThan(8);
  });

  it('is told on after one look in vain, and the relay is not offered meanwhile', () => {
    const it = new TestMembership();
    const other = it.addSession(1);
    it.addMember(9);
    it.membership.failed(idOf(9), it.nowMs);
    it.run(3);
    expect(it.has(9)).toBe(true);
    expect(it.membership.isOffered(startOf(9))).toBe(false);
    expect(other.take('have').flatMap(({ gone }) => gone)).toEqual([startOf(9)]);
    it.membership.proven(recordOf(9), '10.0.9.1', it.nowMs);
    expect(it.membership.isOffered(startOf(9))).toBe(true);
  });

  it('begins when a session falls silent, and ends when it is heard again', () => {
    const it = new TestMembership();
    it.addSession(1);
    it.membership.silent(idOf(1), true, it.nowMs);
    expect(it.membership.isOffered(startOf(1))).toBe(false);
    it.membership.silent(idOf(1), false, it.nowMs);
    expect(it.membership.isOffered(startOf(1))).toBe(true);
    it.membership.silent(idOf(1), true, it.nowMs);
    it.run(2);
    expect(it.visits).toContain(1);
    for (let i = 0; i < 2; i++) it.membership.failed(idOf(1), it.nowMs);
    expect(it.has(1)).toBe(false);
  });

  it('counts the alarms of one message once: after a cut an honest relay raises many that are false', () => {
    const it = new TestMembership();
    const honest = it.addSession(1);
    for (let n = 20; n < 40; n++) it.addMember(n);
    it.run(100);
    it.hear(honest, have({ gone: Array.from({ length: 20 }, (_, i) => startOf(20 + i)) }));
    it.run(20);
    for (let n = 20; n < 40; n++) it.membership.proven(recordOf(n), `10.0.${n}.1`, it.nowMs);
    expect(it.membership.slanderers).toEqual([]);
  });
});

describe('coming back', () => {
  const fallen = (): { it: TestMembership; sessions: TestPeer[] } => {
    const it = new TestMembership();
    const sessions = [1, 2, 3].map((n) => it.addSession(n));
    it.addMember(9);
    for (let i = 0; i < 2; i++) it.membership.failed(idOf(9), it.nowMs);
    return { it, sessions };
  };
  const ref = { start: startOf(9), version: START_MS };

  it('takes the word of relays of three networks that offer it long after the look', () => {
    const { it, sessions } = fallen();
    for (const peer of sessions) it.hear(peer, have({ records: [ref] }));
    expect(it.has(9)).toBe(false);
    it.nowMs += 31_000;
    for (const peer of sessions.slice(1)) it.hear(peer, have({ records: [ref] }));
    expect(it.has(9)).toBe(false);
    it.hear(sessions[0]!, have({ records: [ref] }));
    expect(it.has(9)).toBe(true);
  });

  it('looks at once at what is offered by one, though it was down for hours', () => {
    const { it, sessions } = fallen();
    for (let i = 0; i < 12; i++) it.membership.failed(idOf(9), it.nowMs);
    it.run(61);
    it.visits.length = 0;
    it.hear(sessions[0]!, have({ records: [ref] }));
    it.run(1);
    expect(it.visits).toContain(9);
  });

  it('looks at once at what comes to us', () => {
    const { it } = fallen();
    it.run(6);
    it.visits.length = 0;
    it.membership.joined(new TestPeer(9, true), it.nowMs);
    it.run(1);
    expect(it.visits).toContain(9);
  });

  it('says of what is offered that it is gone only where it has looked just now', () => {
    const { it, sessions } = fallen();
    const differing = (): string[] => {
      it.hear(sessions[0]!, have({ records: [ref], buckets: ['09'] }));
      return sessions[0]!.take('have').flatMap(({ gone }) => gone);
    };
    sessions[0]!.sent.length = 0;
    expect(differing()).toEqual([startOf(9)]);
    it.nowMs += 31_000;
    expect(differing()).toEqual([]);
  });

  it('forgets that a relay was about to stop once it describes itself anew', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    it.addMember(9);
    it.membership.states.set(startOf(9), { ...healthOf(9), state: 'draining' }, it.nowMs);
    expect(it.membership.isOffered(startOf(9))).toBe(false);
    it.tell(peer, recordOf(9, { issuedAt: START_MS + 5_000 }));
    expect(it.membership.isOffered(startOf(9))).toBe(true);
  });
});

describe('a service that stops while the relay stays ok', () => {
  const news = (peer: TestPeer): string[] =>
    peer.take('have').flatMap(({ states }) => states.map(({ start }) => start));

  it('is told to the swarm, and that it is back', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    const told: string[][] = [];
    for (const missing of [[], ['stun'], ['stun'], ['stun', 'peerjs'], []]) {
      it.run(40);
      const now = { sequence: 1 + it.nowMs, sampledAt: START_MS + it.nowMs };
      it.membership.setHealth({ ...healthOf(0), ...now, missing });
      it.run(3);
      told.push(news(peer));
    }
    expect(told).toEqual([[], [startOf(0)], [], [startOf(0)], [startOf(0)]]);
  });

  it('goes with the record to those who ask for it', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    for (const n of [8, 9]) it.addMember(n);
    const health = { ...healthOf(9), missing: ['stun'] };
    it.membership.states.set(startOf(8), healthOf(8), it.nowMs);
    it.membership.states.set(startOf(9), health, it.nowMs);
    it.hear(peer, { action: 'want', records: [startOf(8), startOf(9)], states: [] });
    expect(peer.take('states')).toEqual([{ action: 'states', healths: [health] }]);
  });

  it('is not listed in the roster of a relay without a session with it', () => {
    const it = new TestMembership();
    const peer = it.addSession(1);
    it.addMember(9);
    const far = { membership: it.membership, selfId: idOf(0), isNear: () => false };
    const missing = (): readonly string[] =>
      describeFar(far, it.membership.table.get(startOf(9))!, it.nowMs).health.missing;
    expect(missing()).toEqual([]);
    it.hear(peer, { action: 'states', healths: [{ ...healthOf(9), missing: ['stun'] }] });
    expect(missing()).toEqual(['stun']);
    it.run(40);
    it.hear(peer, { action: 'states', healths: [{ ...healthOf(9), sequence: 2 }] });
    expect(missing()).toEqual([]);
  });
});

describe('words that turn out wrong', () => {
  it('discredit those who gave them, and what else rests on them is looked at', () => {
    const it = new TestMembership();
    const liars = [1, 2, 3].map((n) => it.addSession(n));
    for (let n = 50; n < 90; n++) for (const liar of liars) it.tell(liar, recordOf(n));
    const believed = (): number =>
      Array.from({ length: 40 }, (_, i) => it.has(50 + i)).filter(Boolean).length;
    expect(believed()).toBe(40);
    for (let n = 50; n < 58; n++) {
      it.nowMs += 31_000; // all at once they would count as one
      for (let i = 0; i < 2; i++) it.membership.failed(idOf(n), it.nowMs);
    }
    expect([...it.membership.discredited].sort()).toEqual([1, 2, 3].map(idOf));
    expect(believed()).toBe(0);
    expect(it.membership.unproven.size).toBeGreaterThan(30);
  });

  it('are not wrong where others have told of the death', () => {
    const it = new TestMembership();
    const [teller, ...others] = [1, 2, 3, 4].map((n) => it.addSession(n));
    for (let n = 50; n < 60; n++) {
      it.nowMs += 31_000;
      for (const one of others) it.tell(one, recordOf(n));
      expect(it.has(n)).toBe(true);
      it.hear(teller!, have({ gone: [startOf(n)] }));
      for (let i = 0; i < 2; i++) it.membership.failed(idOf(n), it.nowMs);
      expect(it.has(n)).toBe(false);
    }
    expect(it.membership.discredited).toEqual([]);
  });
});

describe('comparing tables', () => {
  it('finds what one side lacks, both ways, and nothing where both are equal', () => {
    const [a, b] = [new TestMembership(1), new TestMembership(2)];
    for (let n = 10; n < 200; n++) for (const one of [a, b]) one.addMember(n, `10.1.${n}.1`);
    for (const n of [1, 2]) for (const one of [a, b]) one.addMember(n, `10.2.${n}.1`);
    a.addMember(300);
    b.addMember(301);
    const [atA, atB] = [new TestPeer(2, true), new TestPeer(1, true)];
    b.membership.joined(atB, 0);
    a.membership.joined(atA, 0, true);
    const [digest] = atA.take('digest');
    expect(encodeRelayMessage(digest!).length).toBeLessThan(2_100);
    b.hear(atB, digest!);
    const answer = atB.take('have');
    expect(answer.flatMap(({ buckets }) => buckets).sort()).toEqual(
      [startOf(300), startOf(301)].map((s) => s.slice(0, 2)),
    );
    for (const one of answer) a.hear(atA, one);
    a.membership.tick(0);
    expect(atA.take('want').flatMap(({ records }) => records)).toEqual([startOf(301)]);
    for (const one of atA.take('have')) b.hear(atB, one);
    b.membership.tick(0);
    expect(atB.take('want').flatMap(({ records }) => records)).toEqual([startOf(300)]);
    b.hear(atB, { action: 'want', records: [], states: [] });
    a.addMember(301);
    b.addMember(300);
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      expect(a.membership.table.digest(bucket)).toBe(b.membership.table.digest(bucket));
  });

  it('goes to any member, session or not, so that nobody can be kept among friends', () => {
    const it = new TestMembership();
    for (const n of [1, 2, 3]) it.addSession(n);
    for (let n = 10; n < 60; n++) it.addMember(n);
    it.run(600);
    expect(new Set(it.visits).size).toBeGreaterThan(12);
  });
});

describe('the view', () => {
  it('looks for all where all fit, else for two thirds', () => {
    expect([5, 12, 13, 10_000].map((others) => soughtSessions(others, 12))).toEqual([5, 12, 8, 8]);
  });

  it('gives an isolated newcomer the place of a session that it has not chosen, once in a while', () => {
    const view: ViewPeer[] = Array.from({ length: 12 }, (_, i) => ({
      ...{ id: `${i}`, network: `${i}`, isChosen: i < 8, sinceMs: 0 },
    }));
    const replacement = new Replacement();
    expect(Number(replacement.choose(view, 'new', 60_000, createDice())!.id)).toBeGreaterThanOrEqual(8);
    expect(replacement.choose(view, 'new', 61_000, createDice())).toBeUndefined();
    expect(replacement.choose(view, 'new', 66_000, createDice())).toBeDefined();
  });

  it('gives up the oldest session that it has chosen, each five minutes', () => {
    const view: ViewPeer[] = Array.from({ length: 12 }, (_, i) => ({
      ...{ id: `${i}`, network: `${i}`, isChosen: i > 3, sinceMs: 1_000 * i },
    }));
    const renewal = new Renewal(0);
    expect(renewal.choose(view, 299_000)).toBeUndefined();
    expect(renewal.choose(view, 300_000)!.id).toBe('4');
    expect(renewal.choose(view, 301_000)).toBeUndefined();
  });

  it('gives no place to a third of one network, and takes it from a network that has more', () => {
    const peer = (id: string, network: string, isChosen: boolean): ViewPeer => ({
      id,
      network,
      isChosen,
      sinceMs: 0,
    });
    const view = [
      peer('1', 'a', false),
      peer('2', 'a', false),
      peer('3', 'b', true),
      peer('4', 'b', true),
      peer('5', 'b', true),
    ];
    expect(new Replacement().choose(view, 'a', 60_000, createDice())).toBeUndefined();
    expect(new Replacement().choose(view, 'c', 60_000, createDice())!.network).toBe('b');
  });
});

describe('the simulator', () => {
  it('keeps members as relays do', () => {
    const dice = createDice();
    const stores = [new MapMemberStore(), new CompactStore(new Registry(100))];
    for (let i = 0; i < 500; i++) {
      const n = Math.floor(dice() * 60);
      const member = createMember(recordOf(n, { issuedAt: START_MS + Math.floor(dice() * 3) }));
      const isSet = dice() < 0.6;
      for (const store of stores) {
        if (isSet) store.set(member);
        else store.delete(member.start);
      }
      const [map, compact] = stores.map((store) =>
        [...store.all()].map(({ start, version }) => `${start} ${version}`).sort(),
      );
      expect(compact).toEqual(map);
      expect(stores[1]!.size).toBe(stores[0]!.size);
      expect(stores[1]!.pick(dice) === undefined).toBe(stores[0]!.size === 0);
    }
  });

  it.each<RelayMessage>([
    have({
      records: [{ start: startOf(1), version: START_MS }],
      states: [{ start: startOf(1), version: START_MS }],
      gone: [startOf(3)],
      buckets: ['00'],
    }),
    { action: 'want', records: [startOf(1), startOf(2)], states: [startOf(3)] },
    { action: 'records', records: [recordOf(1, { vouches: [vouchOf(1)] }), recordOf(2)] },
    { action: 'vouch', vouch: vouchOf(1) },
  ])('counts the bytes of $action as they are written', (message) => {
    expect(Math.abs(messageBytes(message) - encodeRelayMessage(message).length)).toBeLessThanOrEqual(8);
  });
});
