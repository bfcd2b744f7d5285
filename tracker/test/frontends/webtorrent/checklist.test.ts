// The compatibility checklist of the protocol as clients really speak it, point by point, and the faults of the reference server, each as a test.
// Points 10 (pings) and 11 (X-Forwarded-For) are tested in keepalive.test.ts and kit's client-address.test.ts.
import { Priority } from '../../../src/swarm/peer.ts';
import { id, offer, TestLink, TestTracker } from '../../support/links.ts';

const alice = new TestLink();
const bob = new TestLink();
const carol = new TestLink();
const reply = (complete: number, incomplete: number): object => ({
  action: 'announce',
  info_hash: id('torrent'),
  complete,
  incomplete,
  interval: 120,
});

let tracker: TestTracker;
beforeEach(() => {
  tracker = new TestTracker();
  for (const link of [alice, bob, carol]) {
    link.peers.length = 0;
    link.sent.length = 0;
    link.isCongested = false;
    link.announceBucket = undefined;
    link.probedUntilMs = 0;
    link.probes = 0;
  }
});

describe('1. ids', () => {
  it('are compared decoded, whatever their spelling and wherever they stand', () => {
    tracker.announce(alice, 'alice');
    const escaped = [...id('torrent')].map((char) => `\\u00${char.charCodeAt(0).toString(16)}`).join('');
    const offers = JSON.stringify([offer('one')]);
    tracker.sayText(
      bob,
      `{"offers":${offers},"peer_id":"${id('bob')}","action":"announce","info_hash":"${escaped}"}`,
    );
    expect(tracker.counts()).toEqual([0, 2]);
    expect(alice.take()).toMatchObject([{ info_hash: id('torrent'), peer_id: id('bob') }]);
  });

  it.each([
    ['info_hash', { info_hash: 'short' }],
    ['info_hash', { info_hash: 'ab'.repeat(20) }],
    ['info_hash', { info_hash: undefined }],
    ['peer_id', { peer_id: 17 }],
    ['peer_id', { peer_id: `${'p'.repeat(19)}\u0100` }],
  ])('that are wrong (%s in %j) are refused in words', (field, fault) => {
    const [answer] = tracker.announce(alice, 'alice', fault);
    expect(answer).toMatchObject({ action: 'announce', 'failure reason': expect.stringContaining(field) });
    expect(tracker.swarms.size).toBe(0);
  });
});

describe('2. replies', () => {
  it('have action, info_hash and a whole interval', () => {
    expect(tracker.announce(alice, 'alice', { event: 'started', left: 5 })).toEqual([reply(0, 1)]);
  });

  it('have action and info_hash in errors too', () => {
    expect(tracker.announce(alice, 'alice', { event: 'bogus' })).toEqual([
      { action: 'announce', info_hash: id('torrent'), 'failure reason': expect.stringContaining('event') },
    ]);
    expect(tracker.announce(alice, 'alice', { action: 'dance' })).toMatchObject([
      { action: 'announce', info_hash: id('torrent') },
    ]);
  });

  it.each([['not json'], ['null'], ['[]'], ['7'], ['"text"'], ['{"action":']])(
    'have an action where the frame is %j, and the connection goes on',
    (text) => {
      expect(tracker.sayText(alice, text)).toEqual([
        { action: 'announce', 'failure reason': expect.any(String) },
      ]);
      expect(tracker.announce(alice, 'alice')).toEqual([reply(0, 1)]);
    },
  );

  it('are priorities that back-pressure respects: offers, answers, replies', () => {
    tracker.announce(alice, 'alice');
    const bytes = (message: object): Buffer => Buffer.from(JSON.stringify(message));
    const say = (link: TestLink, message: object) => tracker.rules.receive(link, bytes(message), 0);
    say(bob, { action: 'announce', info_hash: id('torrent'), peer_id: id('bob'), offers: [offer('one')] });
    say(alice, {
      action: 'announce',
      info_hash: id('torrent'),
      peer_id: id('alice'),
      to_peer_id: id('bob'),
      answer: 'a',
      offer_id: id('one'),
    });
    expect(bob.sent.map((one) => one.priority)).toEqual([Priority.reply, Priority.answer]);
    expect(alice.sent.map((one) => one.priority)).toEqual([Priority.offer]);
  });
});

describe('3. one socket', () => {
  it('carries many peer ids and many swarms, and takes all of them with it', () => {
    tracker.announce(alice, 'a1', {}, 'one');
    tracker.announce(alice, 'a2', {}, 'one');
    tracker.announce(alice, 'a1', {}, 'two');
    tracker.announce(bob, 'bob', {}, 'one');
    expect([tracker.counts('one'), tracker.counts('two')]).toEqual([
      [0, 3],
      [0, 1],
    ]);
    tracker.swarms.removeAllOf(alice);
    expect([tracker.counts('one'), tracker.swarms.size, tracker.swarms.peers]).toEqual([[0, 1], 1, 1]);
    tracker.swarms.removeAllOf(bob);
    expect([tracker.swarms.size, tracker.swarms.peers]).toEqual([0, 0]);
  });
});

describe('4. events', () => {
  it.each(['started', 'update', 'paused', 'empty', '', null, undefined])('%j announces', (event) => {
    expect(tracker.announce(alice, 'alice', { event })).toEqual([reply(0, 1)]);
  });

  it('stopped takes the peer out and is replied to', () => {
    tracker.announce(alice, 'alice');
    tracker.announce(bob, 'bob');
    expect(tracker.announce(alice, 'alice', { event: 'stopped', left: 5 })).toEqual([reply(0, 1)]);
    expect(tracker.announce(bob, 'bob', { event: 'stopped' })).toEqual([reply(0, 0)]);
    expect(tracker.announce(bob, 'bob', { event: 'stopped' })).toEqual([reply(0, 0)]);
  });

  it('completed makes a seeder and counts one download, whatever `left` says', () => {
    tracker.announce(alice, 'alice', { left: 9 });
    expect(tracker.announce(alice, 'alice', { event: 'completed', left: 9 })).toEqual([reply(1, 0)]);
    tracker.announce(alice, 'alice', { event: 'completed', left: 0 });
    expect(tracker.say(alice, { action: 'scrape', info_hash: id('torrent') })).toMatchObject([
      { files: { [id('torrent')]: { downloaded: 1 } } },
    ]);
  });

  it.each([
    ['0', 0, [1, 0]],
    ['-0', -0, [1, 0]],
    ['5', 5, [0, 1]],
    ['null (a magnet without metadata)', null, [0, 1]],
    ['absent', undefined, [0, 1]],
    ['"0"', '0', [0, 1]],
    ['2^53', 2 ** 53, [0, 1]],
  ])('left %s of a new peer counts as told', (_case, left, expected) => {
    tracker.announce(alice, 'alice', { left });
    expect(tracker.counts()).toEqual(expected);
  });

  it.each([
    ['absent', undefined, [1, 0]],
    ['null', null, [1, 0]],
    ['more than nothing', 7, [0, 1]],
  ])('left %s of a known seeder is followed only where it is a number', (_case, left, expected) => {
    tracker.announce(alice, 'alice', { left: 0 });
    tracker.announce(alice, 'alice', { left });
    expect(tracker.counts()).toEqual(expected);
  });
});

describe('5. offers and answers', () => {
  it('go to distinct other peers, never back, and the reply comes first', () => {
    for (const [link, name] of [
      [bob, 'bob'],
      [carol, 'carol'],
    ] as const)
      tracker.announce(link, name);
    const sent = tracker.announce(alice, 'alice', { offers: [offer('1'), offer('2'), offer('3')] });
    expect(sent).toEqual([reply(0, 3)]);
    const [toBob, toCarol] = [bob.take(), carol.take()];
    expect([toBob.length, toCarol.length]).toEqual([1, 1]);
    expect([toBob[0]!['offer_id'], toCarol[0]!['offer_id']].sort()).toEqual([id('1'), id('2')]);
    expect(Object.keys(toBob[0]!).sort()).toEqual(['action', 'info_hash', 'offer', 'offer_id', 'peer_id']);
  });

  it('never go to another peer of the same page', () => {
    tracker.announce(alice, 'a1');
    expect(tracker.announce(alice, 'a2', { offers: [offer('1')] })).toEqual([reply(0, 2)]);
  });

  it('are not used up by peers of the same page', () => {
    for (const name of ['a1', 'a2', 'a3']) tracker.announce(alice, name);
    tracker.announce(bob, 'bob');
    for (let round = 0; round < 20; round++) {
      const sent = tracker.announce(alice, 'a1', { offers: [offer('1')] });
      expect([sent.length, bob.take().length]).toEqual([1, 1]);
    }
  });

  it.each([
    [1, [0, 1]],
    [2, [1, 1]],
  ])('%i of a seeder go to leechers first, and to seeders with what is left', (count, expected) => {
    tracker.announce(bob, 'bob', { left: 0 });
    tracker.announce(carol, 'carol', { left: 3 });
    const offers = [offer('1'), offer('2')].slice(0, count);
    tracker.announce(alice, 'alice', { left: 0, offers });
    expect([bob.take().length, carol.take().length]).toEqual(expected);
  });

  it.each([
    ['numwant', { numwant: 1 }, 1],
    ['numwant 0', { numwant: 0 }, 0],
    ['numwant -1 (as many as the tracker likes)', { numwant: -1 }, 2],
    ['no numwant', {}, 2],
    ['a numwant that is no number', { numwant: 'many' }, 2],
  ])('are as many as %s says', (_case, more, expected) => {
    tracker.announce(bob, 'bob');
    tracker.announce(carol, 'carol');
    tracker.announce(alice, 'alice', { offers: [offer('1'), offer('2')], ...more });
    expect(bob.take().length + carol.take().length).toBe(expected);
  });

  /** Bob is in the swarm and was sent an offer of alice's. */
  const offerToBob = (): void => {
    tracker.announce(bob, 'bob');
    tracker.announce(alice, 'alice', { offers: [offer('1')] });
    expect(bob.take()).toMatchObject([{ peer_id: id('alice') }]);
  };
  const toAlice = (answer: unknown = 'a') => ({ to_peer_id: id('alice'), answer, offer_id: id('1') });

  it('answers go to the peer that offered, with nobody’s reply', () => {
    offerToBob();
    const answer = { type: 'answer', sdp: 'v=0\r\n' };
    expect(tracker.announce(bob, 'bob', toAlice(answer))).toEqual([]);
    expect(alice.take()).toEqual([
      { action: 'announce', info_hash: id('torrent'), peer_id: id('bob'), offer_id: id('1'), answer },
    ]);
  });

  it('an answer to a peer that has left, or from one that never came, is dropped in silence', () => {
    tracker.announce(alice, 'alice');
    expect(
      tracker.announce(alice, 'alice', { to_peer_id: id('gone'), answer: 'a', offer_id: id('1') }),
    ).toEqual([]);
    expect(tracker.announce(bob, 'stranger', toAlice())).toEqual([]);
    expect(alice.take()).toEqual([]);
    expect(tracker.rules.counts.answersLost).toBe(2);
  });

  it('only as many answers are passed on as offers were forwarded to who answers', () => {
    offerToBob();
    tracker.announce(carol, 'carol');
    for (let round = 0; round < 3; round++) {
      tracker.announce(carol, 'carol', toAlice('unsolicited'));
      tracker.announce(bob, 'bob', toAlice(`${round}`));
    }
    expect(alice.take()).toMatchObject([{ answer: '0' }]);
    expect(tracker.rules.counts.answersLost).toBe(5);
  });

  it('an answer in the name of a peer on another connection is dropped in silence', () => {
    offerToBob();
    tracker.announce(carol, 'carol');
    expect(tracker.announce(carol, 'bob', toAlice())).toEqual([]);
    expect([alice.take(), tracker.rules.counts.answersLost]).toEqual([[], 1]);
    tracker.announce(bob, 'bob', toAlice());
    expect(alice.take()).toMatchObject([{ peer_id: id('bob'), answer: 'a' }]);
  });

  it('an answer under another id of the same connection is passed on (older libtorrent)', () => {
    offerToBob();
    tracker.announce(bob, 'unheard of', toAlice());
    expect(alice.take()).toMatchObject([{ peer_id: id('unheard of'), answer: 'a' }]);
  });

  it('an answer of the same peer on a new connection is passed on, before it has announced there', () => {
    offerToBob();
    bob.end(tracker.swarms);
    tracker.announce(carol, 'bob', toAlice());
    expect(alice.take()).toMatchObject([{ peer_id: id('bob'), answer: 'a' }]);
    bob.isOpen = true;
  });

  it('an answer keeps a seeder a seeder, and keeps it alive', () => {
    tracker.announce(alice, 'alice', { left: 0 });
    tracker.announce(bob, 'bob', { left: 1, offers: [offer('1')] });
    tracker.nowMs += 100_000;
    tracker.announce(alice, 'alice', { to_peer_id: id('bob'), answer: 'a', offer_id: id('1') });
    tracker.swarms.expire(tracker.nowMs);
    expect(tracker.counts()).toEqual([1, 0]);
  });

  it('an answer without offer_id arrives without one', () => {
    offerToBob();
    tracker.announce(bob, 'bob', { to_peer_id: id('alice'), answer: 'a' });
    expect(alice.take()).toEqual([
      { action: 'announce', info_hash: id('torrent'), peer_id: id('bob'), answer: 'a' },
    ]);
  });

  it('an answer without to_peer_id is told so', () => {
    expect(tracker.announce(alice, 'alice', { answer: 'a' })).toMatchObject([
      { 'failure reason': expect.stringContaining('to_peer_id') },
    ]);
  });
});

describe('6. offer, answer and sdp', () => {
  it.each([
    ['plain strings', 'iv,AAAA$BBBB'],
    ['ciphertext as sdp', { type: 'offer', sdp: '1,2,3$q83v/+==' }],
    ['further members and any text', { type: 'x', sdp: '\u2028"\\\u0000é😀', more: [1, { a: null }] }],
  ])('are forwarded as they are: %s', (_case, description) => {
    tracker.announce(bob, 'bob');
    tracker.announce(alice, 'alice', { offers: [{ offer: description, offer_id: id('1') }] });
    expect(bob.take()).toMatchObject([{ offer: description }]);
    tracker.announce(bob, 'bob', { to_peer_id: id('alice'), answer: description, offer_id: id('1') });
    expect(alice.take()).toMatchObject([{ answer: description }]);
  });

  it('nothing else of an offer’s item is forwarded', () => {
    tracker.announce(bob, 'bob');
    tracker.announce(alice, 'alice', {
      offers: [{ ...offer('1'), peer_id: id('mallory'), action: 'scrape', 'failure reason': 'x' }],
    });
    expect(bob.take()).toEqual([
      { ...offer('1'), action: 'announce', info_hash: id('torrent'), peer_id: id('alice') },
    ]);
  });
});

describe('7. scrape', () => {
  const flags = { min_request_interval: 120 };
  const zeros = { complete: 0, incomplete: 0, downloaded: 0 };
  it('answers one, many, none and unknown ones', () => {
    tracker.announce(alice, 'alice', { left: 0 });
    const files = { [id('torrent')]: { complete: 1, incomplete: 0, downloaded: 0 } };
    expect(tracker.say(bob, { action: 'scrape', info_hash: id('torrent') })).toEqual([
      { action: 'scrape', files, flags },
    ]);
    expect(tracker.say(bob, { action: 'scrape', info_hash: [id('torrent'), id('unknown')] })).toEqual([
      { action: 'scrape', files: { ...files, [id('unknown')]: zeros }, flags },
    ]);
    expect(tracker.say(bob, { action: 'scrape', info_hash: [] })).toEqual([
      { action: 'scrape', files: {}, flags: { min_request_interval: 120 } },
    ]);
    expect(tracker.swarms.size).toBe(1);
  });

  it('costs more where it asks for many', () => {
    for (const count of [1, 8, 40])
      tracker.say(bob, { action: 'scrape', info_hash: Array.from({ length: count }, (_, i) => id(`${i}`)) });
    expect(bob.paid).toEqual([4]);
  });

  it('refuses to list everything, bad hashes and too many, with action scrape', () => {
    for (const info_hash of [
      undefined,
      'short',
      5,
      [id('a'), null],
      Array.from({ length: 129 }, (_, index) => id(`${index}`)),
    ]) {
      expect(tracker.say(bob, { action: 'scrape', info_hash })).toMatchObject([
        { action: 'scrape', 'failure reason': expect.any(String) },
      ]);
    }
  });
});

describe('8. offer ids', () => {
  it('may repeat, be of any length, or be numbers', () => {
    tracker.announce(bob, 'bob');
    for (const offerId of [id('same'), id('same'), 'short', 'x'.repeat(100), 7, 0, -1, 1.5]) {
      tracker.announce(alice, 'alice', { offers: [{ offer: 'o', offer_id: offerId }] });
      expect(bob.take()).toMatchObject([{ offer_id: offerId }]);
      tracker.announce(bob, 'bob', { to_peer_id: id('alice'), answer: 'a', offer_id: offerId });
      expect(alice.take()).toMatchObject([{ answer: 'a', offer_id: offerId }]);
    }
  });
});

describe('9. a client that announces often', () => {
  it('is told so with its info_hash, and nothing of it is forwarded', () => {
    tracker = new TestTracker({ announces: { perSecond: 1, burst: 1 } });
    tracker.announce(bob, 'bob');
    tracker.announce(alice, 'alice');
    expect(tracker.announce(alice, 'alice', { offers: [offer('1')] })).toMatchObject([
      { action: 'announce', info_hash: id('torrent'), 'failure reason': expect.any(String) },
    ]);
    expect(bob.take()).toEqual([]);
  });
});

describe('faults of the reference server', () => {
  it('offers:[null] does no harm, and the good ones beside it are forwarded', () => {
    tracker.announce(bob, 'bob');
    for (const bad of [
      null,
      5,
      'x',
      [],
      {},
      { offer: null, offer_id: id('1') },
      { offer: 'o' },
      { offer_id: id('1') },
      { offer: 'o', offer_id: null },
      { offer: 'o', offer_id: {} },
    ]) {
      expect(tracker.announce(alice, 'alice', { offers: [bad, offer('good')] })).toEqual([reply(0, 2)]);
      expect(bob.take()).toMatchObject([{ offer_id: id('good') }]);
    }
    for (const offers of [null, {}, 'x', 5, []])
      expect(tracker.announce(alice, 'alice', { offers })).toEqual([reply(0, 2)]);
    expect(bob.take()).toEqual([]);
  });

  it('left:null is no seeder', () => {
    tracker.announce(alice, 'alice', { left: null });
    expect(tracker.counts()).toEqual([0, 1]);
  });

  it('a second peer id does not stay behind when its socket closes', () => {
    tracker.announce(alice, 'a1');
    tracker.announce(alice, 'a2');
    tracker.swarms.removeAllOf(alice);
    expect([tracker.counts(), tracker.swarms.size]).toEqual([[0, 0], 0]);
  });

  it('a peer that comes back on a new socket has its id again as soon as the old one is found dead', () => {
    const [before, after] = [new TestLink(), new TestLink()];
    tracker.announce(before, 'alice');
    expect(tracker.announce(after, 'alice')).toEqual([{ ...reply(0, 1), interval: 10 }]);
    expect([before.probes, tracker.counts()]).toEqual([1, [0, 1]]);
    before.end(tracker.swarms);
    expect(tracker.counts()).toEqual([0, 1]);
    tracker.announce(bob, 'bob', { offers: [offer('2')] });
    expect(after.take()).toMatchObject([{ offer_id: id('2') }]);
    expect(tracker.announce(after, 'alice')).toEqual([reply(0, 2)]);
  });

  it('a stranger’s `stopped` removes nobody', () => {
    tracker.announce(alice, 'alice', { left: 0 });
    tracker.announce(bob, 'alice', { event: 'stopped' });
    expect(tracker.counts()).toEqual([1, 0]);
  });

  it('a stranger who announces a peer’s id gets nothing of it, and neither silences nor removes it', () => {
    tracker.announce(alice, 'alice', { left: 3 });
    tracker.announce(carol, 'carol', { left: 0 });
    const news = { left: 0, offers: [offer('stranger')] };
    expect(tracker.announce(bob, 'alice', news)).toMatchObject([{ interval: 10 }]);
    alice.probedUntilMs = 0; // it answers
    expect(tracker.announce(bob, 'alice', news)).toMatchObject([
      { 'failure reason': expect.stringContaining('peer_id') },
    ]);
    expect([tracker.counts(), carol.take(), alice.probes]).toEqual([[1, 1], [], 1]);
    tracker.announce(carol, 'carol', { left: 0, offers: [offer('1')] });
    expect(alice.take()).toMatchObject([{ offer_id: id('1') }]);
    tracker.announce(bob, 'alice', { to_peer_id: id('carol'), answer: 'false', offer_id: id('1') });
    tracker.announce(bob, 'alice', { event: 'stopped' });
    tracker.announce(alice, 'alice', { to_peer_id: id('carol'), answer: 'true', offer_id: id('1') });
    expect(carol.take()).toMatchObject([{ answer: 'true' }]);
    tracker.announce(alice, 'alice', { offers: [offer('2')] });
    tracker.announce(carol, 'carol', { to_peer_id: id('alice'), answer: 'a', offer_id: id('2') });
    expect([alice.take().at(-1), bob.take()]).toMatchObject([{ answer: 'a' }, []]);
    expect(tracker.counts()).toEqual([1, 1]);
  });

  it('strangers who wait for a peer’s id do not keep it out when it comes back from its own address', () => {
    const [before, after] = [new TestLink('192.0.2.7'), new TestLink('192.0.2.7')];
    tracker.announce(before, 'alice');
    for (let stranger = 0; stranger < 3; stranger++)
      tracker.announce(new TestLink(`198.51.100.${stranger}`), 'alice');
    tracker.announce(after, 'alice');
    before.end(tracker.swarms);
    tracker.announce(carol, 'carol', { offers: [offer('1')] });
    expect(after.take()).toMatchObject([{ offer_id: id('1') }]);
    expect(tracker.swarms.peers).toBe(2);
  });

  it('empty swarms vanish', () => {
    tracker.announce(alice, 'alice');
    tracker.announce(alice, 'alice', { event: 'stopped' });
    expect(tracker.swarms.size).toBe(0);
  });
});

describe('a message that has to be parsed the slow way', () => {
  it('is paid for by its length', () => {
    const link = new TestLink();
    const text = `{"\\u0061ction":"scrape","info_hash":[],"more":"${'x'.repeat(10_000)}"}`;
    expect(tracker.sayText(link, text)).toEqual([
      { action: 'scrape', files: {}, flags: { min_request_interval: 120 } },
    ]);
    expect(link.paid).toEqual([text.length / 100]);
    tracker.announce(link, 'alice');
    expect(link.paid).toHaveLength(1);
  });
});

describe('a word that nobody knows', () => {
  it.each([
    ['action', 'dan"ce'],
    ['action', 'dance\u0001'],
    ['action', 'announce\n'],
    ['event', 'st"opped'],
    ['event', 'paused\u0000'],
  ])('as %s (%j) is refused in words, and is no fault of the connection', (field, word) => {
    const text = JSON.stringify({
      action: 'announce',
      info_hash: id('torrent'),
      peer_id: id('alice'),
      [field]: word,
    });
    expect(tracker.sayText(alice, text)).toMatchObject([
      { info_hash: id('torrent'), 'failure reason': expect.stringContaining(`"${field}"`) },
    ]);
    expect(tracker.rules.counts.malformed).toBe(0);
  });
});

describe('limits', () => {
  it('on swarms in all and per connection are told in words', () => {
    tracker = new TestTracker({}, { swarmsMax: 2, swarmsPerLinkMax: 2 });
    tracker.announce(alice, 'alice', {}, 'one');
    tracker.announce(bob, 'bob', {}, 'two');
    expect(tracker.announce(carol, 'carol', {}, 'three')).toMatchObject([
      { 'failure reason': expect.stringContaining('no further torrents') },
    ]);
    tracker.announce(alice, 'alice', {}, 'two');
    expect(tracker.announce(alice, 'again', {}, 'two')).toMatchObject([
      { 'failure reason': expect.stringContaining('one connection') },
    ]);
  });

  it('on offers hold, and refused info hashes stay out', () => {
    tracker = new TestTracker({
      offersMax: 1,
      refuse: (infoHash) => (infoHash === id('secret') ? 'not here' : undefined),
    });
    tracker.announce(bob, 'bob');
    tracker.announce(carol, 'carol');
    tracker.announce(alice, 'alice', { offers: [offer('1'), offer('2')] });
    expect(bob.take().length + carol.take().length).toBe(1);
    expect(tracker.announce(alice, 'alice', {}, 'secret')).toEqual([
      { action: 'announce', info_hash: id('secret'), 'failure reason': 'not here' },
    ]);
  });

  it('age peers out, the oldest first, and forget their swarms', () => {
    tracker.announce(alice, 'alice', {}, 'one');
    tracker.nowMs = 2000;
    tracker.announce(bob, 'bob', {}, 'two');
    tracker.nowMs = 3000;
    tracker.announce(alice, 'alice', {}, 'one');
    tracker.swarms.expire(2500);
    expect([
      tracker.counts('one'),
      tracker.counts('two'),
      tracker.swarms.size,
      tracker.swarms.expired,
    ]).toEqual([[0, 1], [0, 0], 1, 1]);
    expect(bob.peers).toEqual([]);
  });
});

describe('a client that asks for other relays', () => {
  it('finds them in its reply; nobody else sees a difference', () => {
    tracker = new TestTracker({ relays: () => '"relays":[{"url":"wss://other.example"}]' });
    expect(tracker.announce(alice, 'alice', { relays: true })).toEqual([
      { ...reply(0, 1), relays: [{ url: 'wss://other.example' }] },
    ]);
    expect(tracker.announce(alice, 'alice')).toEqual([reply(0, 1)]);
    expect(tracker.announce(alice, 'alice', { relays: 'yes' })).toEqual([reply(0, 1)]);
  });
});
