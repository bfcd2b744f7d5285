import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { graffitiHelloText } from '@relay-swarm/protocol';
import { Graffiti } from '../../../src/frontends/graffiti/graffiti.ts';
import type { GraffitiLink, GraffitiSession } from '../../../src/frontends/graffiti/session.ts';

const RELAY_URL = 'wss://tracker.example.org/announce';
const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hash = (name: string): string => sha256(name);

/** A connection that remembers what it was sent. */
class Wire implements GraffitiLink {
  addressKey = '192.0.2.1';
  readonly received: Record<string, unknown>[] = [];
  closedWith: [number, string] | undefined;
  probes = 0;
  heldBytes = 0;
  heldBytesMax = Infinity;
  hold(bytes: number): boolean {
    if (this.heldBytes + bytes > this.heldBytesMax) return false;
    this.heldBytes += bytes;
    return true;
  }
  release(bytes: number): void {
    this.heldBytes -= bytes;
  }
  /** Frames that it takes before it is congested. */
  window = Infinity;
  #drained: () => void = () => undefined;
  get isCongested(): boolean {
    return this.received.length >= this.window;
  }
  whenDrained(callback: () => void): void {
    this.#drained = callback;
  }
  /** Reads everything; more may come then. */
  drain(): Record<string, unknown>[] {
    const all = this.take();
    this.#drained();
    return all;
  }
  send(text: string): void {
    if (this.closedWith) throw new Error('sent after close');
    this.received.push(JSON.parse(text));
  }
  close(code: number, reason: string): void {
    this.closedWith = [code, reason];
  }
  readonly paid: { tokens: number; pushesBefore: number }[] = [];
  pushes: () => number = () => 0;
  pay(tokens: number): void {
    this.paid.push({ tokens, pushesBefore: this.pushes() });
  }
  probe(): void {
    this.probes++;
  }
  /** What came since the last call. */
  take(): Record<string, unknown>[] {
    return this.received.splice(0);
  }
}

const limits = {
  infoHashesMax: 6,
  announcesPerPeerMax: 4,
  subscriptionsPerPeerMax: 3,
  perAddressMax: 5_000,
};
const denied = new Set([hash('denied')]);
const refuse = (infoHash: string): string | undefined =>
  denied.has(infoHash) ? 'Not served here' : undefined;
const create = (
  relayUrl: string | undefined = RELAY_URL,
  nextTurn: (turn: () => void) => void = () => undefined, // all of it fits into one turn
): Graffiti =>
  new Graffiti({
    relayUrl,
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    limits,
    refuse,
    nextTurn,
  });

function open(graffiti: Graffiti, wire: Wire, firstFrame: string): GraffitiSession {
  const session = graffiti.open(wire);
  say(session, firstFrame);
  return session;
}
function say(session: GraffitiSession, frame: string): void {
  session.receive(session.link, Buffer.from(frame), 0);
}

class Client {
  readonly wire = new Wire();
  readonly session: GraffitiSession;
  readonly id: string;
  constructor(graffiti: Graffiti, name: string) {
    const proof = sha256(name);
    this.id = sha256(proof);
    this.session = open(graffiti, this.wire, proof);
  }
  ask(action: string, ...names: string[]): void {
    const info_hashes = names.map(hash);
    say(this.session, JSON.stringify({ messageID: sha256('m'), action, info_hashes }));
  }
  take = (): Record<string, unknown>[] => this.wire.take();
}
const join = (graffiti: Graffiti, name: string): Client => {
  const client = new Client(graffiti, name);
  expect(client.take()).toEqual([{ peer_id: client.id }]);
  return client;
};
const done = (reply: string) => ({ messageID: sha256('m'), reply });
const push = (action: string, peer: Client, name: string) => ({
  action,
  peer: peer.id,
  info_hash: hash(name),
});

describe('Graffiti.recognizes()', () => {
  it.each([
    ['a proof', 'a'.repeat(64)],
    ['a proof with a newline', `${'a'.repeat(64)}\n`],
    ['a broken proof', 'A'.repeat(64)],
    ['a hello', JSON.stringify({ action: 'hello', publicKey: 'ab'.repeat(32) })],
    ['a hello without a key', '{"action":"hello"}'],
  ])('is true of %s', (_case, frame) => {
    expect(create().recognizes(Buffer.from(frame))).toBe(true);
  });

  it.each([
    ['an announce of WebTorrent', '{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa"}'],
    ['an announce that contains the word', '{"action":"announce","peer_id":"hello"}'],
    ['null', 'null'],
    ['nothing', ''],
    ['no JSON', '{"action":"hello"'],
    ['an over-long hello', JSON.stringify({ action: 'hello', publicKey: 'a'.repeat(2000) })],
  ])('is false of %s', (_case, frame) => {
    expect(create().recognizes(Buffer.from(frame))).toBe(false);
  });
});

describe('the old handshake', () => {
  it('answers the SHA-256 of the proof', () => {
    const graffiti = create();
    join(graffiti, 'alice');
    expect(graffiti.peers).toBe(1);
  });

  it('counts a newline as part of the secret', () => {
    const wire = new Wire();
    open(create(), wire, `${'a'.repeat(64)}\n`);
    expect(wire.take()).toEqual([{ peer_id: sha256(`${'a'.repeat(64)}\n`) }]);
  });

  it('refuses a broken proof, closes, and listens no more', () => {
    const graffiti = create();
    const wire = new Wire();
    const session = open(graffiti, wire, 'A'.repeat(64));
    expect(wire.take()).toEqual([{ error: 'validation', detail: 'invalid peer proof' }]);
    expect(wire.closedWith?.[0]).toBe(1008);
    say(session, 'a'.repeat(64));
    session.closed(session.link, 0);
    expect(wire.take()).toEqual([]);
    expect(graffiti.peers).toBe(0);
    expect(graffiti.refused.bad_proof).toBe(1);
  });
});

describe('a second connection with the same proof', () => {
  it('is refused in the words of the first tracker, and the first one stays', () => {
    const graffiti = create();
    const first = join(graffiti, 'alice');
    const second = new Client(graffiti, 'alice');
    expect(second.take()).toEqual([{ reply: 'error', detail: `Peer with ID ${first.id} already exists` }]);
    expect(second.wire.closedWith?.[0]).toBe(1013);
    expect(graffiti.refused.peer_exists).toBe(1);
    second.session.closed(second.wire, 0);
    first.ask('subscribe', 'x');
    expect(first.take()).toEqual([done('subscribed')]);
    expect(graffiti.peers).toBe(1);
  });

  it('has the first one probed, so that a dead connection frees its place', () => {
    const graffiti = create();
    const dead = join(graffiti, 'alice');
    const watcher = join(graffiti, 'bob');
    watcher.ask('subscribe', 'x');
    dead.ask('announce', 'x');
    watcher.take();
    new Client(graffiti, 'alice');
    expect(dead.wire.probes).toBe(1);
    dead.session.closed(dead.wire, 0);
    expect(watcher.take()).toEqual([push('unannounce', dead, 'x')]);
    const again = join(graffiti, 'alice');
    again.ask('announce', 'x');
    expect(watcher.take()).toEqual([push('announce', again, 'x')]);
  });
});

describe('the handshake by signature', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const rawKey = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const hello = (key = rawKey.toString('hex')): string => JSON.stringify({ action: 'hello', publicKey: key });
  const begin = (graffiti = create()) => {
    const wire = new Wire();
    const session = open(graffiti, wire, hello());
    const [reply] = wire.take();
    return { graffiti, wire, session, challenge: String(reply?.['challenge']) };
  };
  const answer = (challenge: string, origin: string, key: KeyObject = privateKey): string =>
    JSON.stringify({
      signature: sign(null, Buffer.from(graffitiHelloText(challenge, origin)), key).toString('base64'),
    });
  const HERE = 'wss://tracker.example.org';

  it('ends with the SHA-256 of the public key, and the peer is like any other', () => {
    const { graffiti, wire, session, challenge } = begin();
    expect(challenge).toMatch(/^[0-9a-f]{64}$/);
    expect(session.isIdle()).toBe(true);
    say(session, answer(challenge, HERE));
    expect(wire.take()).toEqual([{ peer_id: sha256(rawKey) }]);
    expect(graffiti.peers).toBe(1);
    say(session, JSON.stringify({ messageID: sha256('m'), action: 'announce', infoHashes: [hash('x')] }));
    expect(wire.take()).toEqual([done('announced')]);
    expect(session.isIdle()).toBe(false);
  });

  it.each(['hex', 'base64', 'base64url'] as const)('takes the key in %s, with the same id', (encoding) => {
    const wire = new Wire();
    const session = open(create(), wire, hello(rawKey.toString(encoding)));
    say(session, answer(String(wire.take()[0]?.['challenge']), HERE));
    expect(wire.take()).toEqual([{ peer_id: sha256(rawKey) }]);
  });

  it('gives every connection its own challenge', () => {
    const graffiti = create();
    expect(begin(graffiti).challenge).not.toBe(begin(graffiti).challenge);
  });

  const stranger = generateKeyPairSync('ed25519').privateKey;
  it.each<[string, (challenge: string) => string]>([
    ['made for another relay', (challenge) => answer(challenge, 'wss://evil.example.org')],
    ['made for the same host without TLS', (challenge) => answer(challenge, 'ws://tracker.example.org')],
    ['over another challenge', () => answer('00'.repeat(32), HERE)],
    ['of another key', (challenge) => answer(challenge, HERE, stranger)],
    ['of random bytes', () => JSON.stringify({ signature: randomBytes(64).toString('hex') })],
    ['of the wrong length', () => JSON.stringify({ signature: randomBytes(63).toString('hex') })],
    ['that is missing', () => '{}'],
    [
      'replaced by a request',
      () => JSON.stringify({ messageID: sha256('m'), action: 'announce', info_hashes: [hash('x')] }),
    ],
  ])('refuses a signature %s', (_case, frame) => {
    const { graffiti, wire, session, challenge } = begin();
    say(session, frame(challenge));
    expect(wire.take()).toEqual([{ error: 'validation', detail: 'invalid signature' }]);
    expect(wire.closedWith?.[0]).toBe(1008);
    say(session, answer(challenge, HERE));
    expect(graffiti).toMatchObject({ peers: 0, announces: 0, refused: { bad_signature: 1 } });
  });

  it('refuses a key that is none', () => {
    const wire = new Wire();
    open(create(), wire, hello('abc'));
    expect(wire.take()).toEqual([{ error: 'validation', detail: 'invalid public key' }]);
    expect(wire.closedWith).toBeDefined();
  });

  it("is refused by a relay that does not know its URL, since its challenges could be another relay's", () => {
    const graffiti = new Graffiti({
      relayUrl: undefined,
      randomHex: () => '',
      limits,
      refuse,
      nextTurn: () => undefined,
    });
    const wire = new Wire();
    open(graffiti, wire, hello());
    expect(wire.take()).toMatchObject([{ error: 'validation' }]);
    expect(wire.closedWith).toBeDefined();
    expect(graffiti.refused.relay_without_url).toBe(1);
  });

  it('cannot take the id of a peer that is connected', () => {
    const { graffiti, session, challenge } = begin();
    say(session, answer(challenge, HERE));
    const second = begin(graffiti);
    say(second.session, answer(second.challenge, HERE));
    expect(second.wire.take()).toMatchObject([{ reply: 'error' }]);
    expect(second.wire.closedWith?.[0]).toBe(1013);
  });
});

describe('announcing and subscribing', () => {
  it('runs through subscribe, announce, unannounce, unsubscribe, announce', () => {
    const graffiti = create();
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    bob.ask('subscribe', 'x');
    expect(bob.take()).toEqual([done('subscribed')]);
    alice.ask('announce', 'x');
    expect(alice.take()).toEqual([done('announced')]);
    expect(bob.take()).toEqual([push('announce', alice, 'x')]);
    alice.ask('unannounce', 'x');
    expect(alice.take()).toEqual([done('unannounced')]);
    expect(bob.take()).toEqual([push('unannounce', alice, 'x')]);
    bob.ask('unsubscribe', 'x');
    expect(bob.take()).toEqual([done('unsubscribed')]);
    alice.ask('announce', 'x');
    expect(bob.take()).toEqual([]);
  });

  it('answers a subscription first and then names those who announce already, oneself included', () => {
    const graffiti = create();
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    alice.ask('announce', 'x', 'y');
    bob.ask('announce', 'x');
    bob.take();
    bob.ask('subscribe', 'x');
    expect(bob.take()).toEqual([
      done('subscribed'),
      push('announce', alice, 'x'),
      push('announce', bob, 'x'),
    ]);
  });

  it('tells nothing twice: announcing, subscribing, unannouncing and unsubscribing again change nothing', () => {
    const graffiti = create();
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    bob.ask('subscribe', 'x');
    alice.ask('announce', 'x');
    bob.take();
    alice.ask('announce', 'x');
    bob.ask('subscribe', 'x');
    expect(bob.take()).toEqual([done('subscribed')]);
    alice.ask('unannounce', 'x');
    alice.ask('unannounce', 'x');
    expect(bob.take()).toEqual([push('unannounce', alice, 'x')]);
    bob.ask('unsubscribe', 'x');
    bob.ask('unsubscribe', 'x');
    expect(bob.take()).toEqual([done('unsubscribed'), done('unsubscribed')]);
    expect(graffiti).toMatchObject({ announces: 0, subscriptions: 0, infoHashes: 0, peers: 2 });
  });

  it('tells several hashes of one request one by one', () => {
    const graffiti = create();
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    bob.ask('subscribe', 'x', 'y');
    bob.take();
    alice.ask('announce', 'x', 'y', 'z');
    expect(bob.take()).toEqual([push('announce', alice, 'x'), push('announce', alice, 'y')]);
  });

  it('unannounces everywhere when a connection ends, and forgets the peer', () => {
    const graffiti = create();
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    bob.ask('subscribe', 'x', 'y');
    alice.ask('announce', 'x', 'y');
    alice.ask('subscribe', 'x', 'y');
    bob.take();
    alice.take();
    alice.session.closed(alice.wire, 0);
    alice.session.closed(alice.wire, 0);
    expect(bob.take()).toEqual([push('unannounce', alice, 'x'), push('unannounce', alice, 'y')]);
    expect(alice.take()).toEqual([]);
    bob.session.closed(bob.wire, 0);
    expect(graffiti).toMatchObject({ announces: 0, subscriptions: 0, infoHashes: 0, peers: 0 });
  });

  it('keeps a newcomer up to date while 50 announcers leave and then 50 more', () => {
    const graffiti = create();
    const crowd = Array.from({ length: 100 }, (_, index) => join(graffiti, `peer ${index}`));
    for (const client of crowd) client.ask('announce', 'x');
    const bob = join(graffiti, 'bob');
    bob.ask('subscribe', 'x');
    expect(bob.take().slice(1)).toEqual(crowd.map((client) => push('announce', client, 'x')));
    for (const half of [crowd.slice(0, 50), crowd.slice(50)]) {
      for (const client of half) client.session.closed(client.wire, 0);
      expect(bob.take()).toEqual(half.map((client) => push('unannounce', client, 'x')));
    }
  });
});

describe('a subscriber that reads slowly', () => {
  const setUp = (announcers: number) => {
    const graffiti = create();
    const crowd = Array.from({ length: announcers }, (_, index) => join(graffiti, `peer ${index}`));
    for (const client of crowd) client.ask('announce', 'x');
    const bob = join(graffiti, 'bob');
    bob.wire.window = 11;
    return { graffiti, crowd, bob };
  };
  const announcesOf = (peers: Client[]) => peers.map((client) => push('announce', client, 'x'));

  it('is told of those who were there before as fast as it reads', () => {
    const { crowd, bob } = setUp(25);
    bob.ask('subscribe', 'x');
    expect(bob.wire.drain()).toEqual([done('subscribed'), ...announcesOf(crowd.slice(0, 10))]);
    expect(bob.wire.drain()).toEqual(announcesOf(crowd.slice(10, 21)));
    expect(bob.wire.drain()).toEqual(announcesOf(crowd.slice(21)));
    expect(bob.wire.drain()).toEqual([]);
  });

  it('hears of who leaves meanwhile only if it had heard of them, and once of who comes', () => {
    const { graffiti, crowd, bob } = setUp(25);
    bob.ask('subscribe', 'x');
    bob.wire.drain(); // told of 0 to 9, and then, at once, of 10 to 20
    crowd[3]!.session.closed(crowd[3]!.wire, 0);
    crowd[23]!.session.closed(crowd[23]!.wire, 0);
    const late = join(graffiti, 'late');
    late.ask('announce', 'x');
    late.ask('unannounce', 'x');
    late.ask('announce', 'x');
    expect(bob.wire.drain()).toEqual(announcesOf(crowd.slice(10, 21)));
    expect(bob.wire.drain()).toEqual([
      ...announcesOf([crowd[21]!, crowd[22]!, crowd[24]!]),
      push('unannounce', crowd[3]!, 'x'),
      ...announcesOf([late]),
    ]);
    late.ask('unannounce', 'x');
    expect(bob.wire.drain()).toEqual([push('unannounce', late, 'x')]);
  });

  it('may unsubscribe, or leave, before it was told of everybody', () => {
    const { graffiti, crowd, bob } = setUp(25);
    bob.ask('subscribe', 'x');
    bob.ask('unsubscribe', 'x');
    expect(bob.wire.drain()).toHaveLength(12);
    expect(bob.wire.drain()).toEqual([]);
    bob.ask('subscribe', 'x');
    bob.session.closed(bob.wire, 0);
    bob.wire.drain();
    expect(bob.wire.drain()).toEqual([]);
    for (const { session } of crowd) session.closed(session.link, 0);
    expect(graffiti).toMatchObject({ infoHashes: 0, subscriptions: 0, announces: 0, peers: 0 });
  });
});

describe('a request that causes many pushes', () => {
  const crowded = (size: number) => {
    const turns: (() => void)[] = [];
    const graffiti = create(RELAY_URL, (turn) => void turns.push(turn));
    const takeTurn = (): void => turns.splice(0).forEach((turn) => turn());
    const crowd = Array.from({ length: size }, (_, number) => join(graffiti, `client ${number}`));
    for (const client of crowd) {
      client.ask('subscribe', 'x', 'y', 'z');
      takeTurn();
    }
    return { graffiti, crowd, takeTurn };
  };

  it('is paid for by the asker, before anything is pushed; so are an end and a long listing', () => {
    const { graffiti, crowd, takeTurn } = crowded(200);
    const alice = join(graffiti, 'alice');
    alice.wire.pushes = () => graffiti.pushes;
    alice.ask('announce', 'x', 'y');
    takeTurn();
    alice.ask('unannounce', 'x');
    takeTurn();
    expect(alice.wire.paid).toEqual([
      { tokens: 20, pushesBefore: 0 },
      { tokens: 10, pushesBefore: 400 },
    ]);
    for (const client of crowd) client.ask('announce', 'z');
    for (let turn = 0; turn < 40; turn++) takeTurn();
    alice.wire.pushes = () => 0;
    alice.ask('subscribe', 'z');
    expect(alice.wire.paid.slice(2)).toEqual([{ tokens: 10, pushesBefore: 0 }]);
    alice.session.closed(alice.wire, 0); // its address pays for the end of `y`
    expect(alice.wire.paid.slice(3)).toEqual([{ tokens: 10, pushesBefore: 0 }]);
    expect(crowd.flatMap((client) => client.wire.paid).filter(({ tokens }) => tokens !== 10)).toEqual([]);
  });

  it('is done in slices, the end of a connection too, and a small topic does not wait for a large one', () => {
    const { graffiti, crowd, takeTurn } = crowded(900);
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    bob.ask('subscribe', 'small');
    bob.take();
    let before = graffiti.pushes;
    const slice = (): number => {
      takeTurn();
      const done = graffiti.pushes - before;
      before = graffiti.pushes;
      return done;
    };
    slice();
    alice.ask('announce', 'x', 'y', 'z', 'small');
    const slices = [graffiti.pushes - before];
    before = graffiti.pushes;
    expect(bob.take()).toEqual([push('announce', alice, 'small')]);
    for (let done = slice(); done > 0; done = slice()) slices.push(done);
    expect(slices.reduce((sum, done) => sum + done)).toBe(2_701);
    expect(Math.max(...slices)).toBeLessThanOrEqual(2_000);
    crowd.forEach((client) => client.take());
    alice.session.closed(alice.wire, 0);
    const ends = [graffiti.pushes - before];
    before = graffiti.pushes;
    for (let done = slice(); done > 0; done = slice()) ends.push(done);
    expect([ends.reduce((sum, done) => sum + done), Math.max(...ends) <= 2_000]).toEqual([2_701, true]);
    expect(crowd[899]!.take()).toEqual(['x', 'y', 'z'].map((name) => push('unannounce', alice, name)));
  });

  it('queues nothing for a subscriber that does not read, however often it changes its mind', () => {
    const { graffiti, crowd, takeTurn } = crowded(1);
    const [slow] = crowd as [Client];
    slow.wire.window = 5;
    const alice = join(graffiti, 'alice');
    slow.take();
    for (let round = 0; round < 10_000; round++) {
      alice.ask('announce', 'x');
      alice.ask('unannounce', 'x');
      takeTurn();
    }
    expect(slow.wire.received).toHaveLength(5);
    alice.ask('announce', 'x');
    slow.wire.window = Infinity;
    slow.wire.drain();
    for (let turn = 0; turn < 100; turn++) takeTurn();
    expect(slow.take()).toEqual([push('unannounce', alice, 'x'), push('announce', alice, 'x')]);
  });
});

describe('the announces and subscriptions of one address', () => {
  it('are limited together, and those of others are not', () => {
    const graffiti = new Graffiti({
      relayUrl: undefined,
      randomHex: () => '',
      limits: { ...limits, perAddressMax: 3 },
      refuse,
      nextTurn: () => undefined,
    });
    const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => join(graffiti, name)) as [
      Client,
      Client,
      Client,
    ];
    carol.wire.addressKey = '192.0.2.2';
    alice.ask('announce', 'x', 'y');
    bob.ask('subscribe', 'z', 'x');
    expect(bob.take()).toMatchObject([{ reply: 'error', detail: expect.stringContaining('address') }]);
    bob.ask('subscribe', 'z');
    carol.ask('subscribe', 'z', 'x');
    expect([bob.take(), carol.take()[0]]).toEqual([[done('subscribed')], done('subscribed')]);
    alice.ask('unannounce', 'x', 'y');
    bob.ask('announce', 'x', 'y');
    expect(bob.take()[0]).toEqual(done('announced'));
  });
});

describe('bytes that are held', () => {
  it('are counted for each announce and subscription, given back with it, and refused where there are no more', () => {
    const graffiti = new Graffiti({
      relayUrl: undefined,
      randomHex: () => '',
      limits,
      refuse,
      nextTurn: () => undefined,
    });
    const alice = join(graffiti, 'alice');
    alice.ask('announce', 'x', 'y');
    alice.ask('subscribe', 'z');
    alice.ask('announce', 'x');
    const each = alice.wire.heldBytes / 3;
    expect(each).toBeGreaterThan(100);
    alice.wire.heldBytesMax = 4 * each;
    alice.take();
    alice.ask('subscribe', 'v', 'w');
    expect(alice.take()).toMatchObject([{ reply: 'error', detail: expect.stringContaining('memory') }]);
    expect([graffiti.subscriptions, graffiti.refused.memory_full]).toEqual([1, 1]);
    alice.ask('unannounce', 'x', 'y');
    alice.ask('unsubscribe', 'z');
    expect(alice.wire.heldBytes).toBe(0);
  });
});

describe('a request that is refused', () => {
  it.each([
    ['no JSON', 'hello'],
    ['a number', '5'],
    ['a short hash', JSON.stringify({ messageID: sha256('m'), action: 'announce', info_hashes: ['1234'] })],
    [
      'a frame of WebTorrent',
      '{"action":"announce","info_hash":"aaaaaaaaaaaaaaaaaaaa","peer_id":"bbbbbbbbbbbbbbbbbbbb"}',
    ],
  ])('is told so, and the connection lives: %s', (_case, frame) => {
    const graffiti = create();
    const alice = join(graffiti, 'alice');
    say(alice.session, frame);
    expect(alice.take()).toMatchObject([{ reply: 'error', detail: expect.any(String) }]);
    expect(alice.wire.closedWith).toBeUndefined();
    alice.ask('announce', 'x');
    expect(alice.take()).toEqual([done('announced')]);
    expect(graffiti.refused.bad_request).toBe(1);
    expect(graffiti.messages).toBe(2);
  });

  it('leaves announces as they were where one peer would have too many', () => {
    const graffiti = create();
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    bob.ask('subscribe', 'c', 'e');
    bob.take();
    alice.ask('announce', 'a', 'b', 'c');
    alice.take();
    bob.take();
    alice.ask('announce', 'c', 'd', 'e');
    expect(alice.take()).toMatchObject([{ messageID: sha256('m'), reply: 'error' }]);
    expect(bob.take()).toEqual([]);
    expect(graffiti).toMatchObject({ announces: 3, refused: { announces_full: 1 } });
    alice.ask('announce', 'a', 'b', 'c', 'd');
    expect(alice.take()).toEqual([done('announced')]);
  });

  it('leaves subscriptions as they were where one peer would have too many', () => {
    const graffiti = create();
    const alice = join(graffiti, 'alice');
    alice.ask('subscribe', 'a', 'b', 'c', 'd');
    expect(alice.take()).toMatchObject([{ reply: 'error' }]);
    expect(graffiti).toMatchObject({ subscriptions: 0, infoHashes: 0, refused: { subscriptions_full: 1 } });
    alice.ask('subscribe', 'a', 'b', 'c');
    expect(alice.take()).toEqual([done('subscribed')]);
  });

  it('takes no further info hash where all peers have too many, and serves the others', () => {
    const graffiti = create();
    const [alice, bob] = [join(graffiti, 'alice'), join(graffiti, 'bob')];
    alice.ask('announce', 'a', 'b', 'c', 'd');
    bob.ask('subscribe', 'x', 'y', 'z');
    expect(bob.take()).toMatchObject([{ reply: 'error', detail: expect.stringContaining('no further') }]);
    expect(graffiti).toMatchObject({ infoHashes: 4, subscriptions: 0, refused: { info_hashes_full: 1 } });
    bob.ask('subscribe', 'a', 'x', 'y');
    expect(bob.take()).toEqual([done('subscribed'), push('announce', alice, 'a')]);
    bob.ask('announce', 'b', 'y');
    expect(bob.take()).toContainEqual(done('announced'));
  });

  it.each(['announce', 'subscribe'])('cannot %s what is not served here', (action) => {
    const graffiti = create();
    const alice = join(graffiti, 'alice');
    alice.ask(action, 'x', 'denied');
    expect(alice.take()).toEqual([
      { messageID: sha256('m'), reply: 'error', detail: `Not served here (${hash('denied')})` },
    ]);
    expect(graffiti).toMatchObject({ infoHashes: 0, refused: { not_served: 1 } });
    alice.ask(`un${action}`, 'denied');
    expect(alice.take()).toEqual([done(`un${action}d`)]);
  });
});

describe('an info hash that is denied while it is in use', () => {
  afterEach(() => denied.delete(hash('x')));

  it('is closed: its subscribers are told of the end of each announce, and nothing of others changes', () => {
    const graffiti = create();
    const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => join(graffiti, name)) as [
      Client,
      Client,
      Client,
    ];
    for (const client of [alice, carol]) client.ask('announce', 'x', 'y');
    bob.ask('subscribe', 'x', 'y');
    for (const client of [alice, bob, carol]) client.take();

    denied.add(hash('x'));
    expect([...graffiti.closeRefused()].length).toBeGreaterThan(3);
    expect(bob.take()).toEqual([push('unannounce', alice, 'x'), push('unannounce', carol, 'x')]);
    expect([graffiti.infoHashes, graffiti.announces, graffiti.subscriptions]).toEqual([1, 2, 1]);
    alice.ask('unannounce', 'y');
    expect(bob.take()).toEqual([push('unannounce', alice, 'y')]);
  });

  it('is closed in as many steps as there are subscribers told, however many of them there are', () => {
    const turns: (() => void)[] = [];
    const graffiti = create(RELAY_URL, (turn) => void turns.push(turn));
    const clients = Array.from({ length: 40 }, (_, number) => join(graffiti, `client ${number}`));
    for (const action of ['subscribe', 'announce'])
      for (const client of clients) {
        client.ask(action, 'x');
        turns.splice(0).forEach((turn) => turn());
      }
    denied.add(hash('x'));
    const before = graffiti.pushes;
    const closing = graffiti.closeRefused();
    for (let steps = 1; closing.next().done !== true; steps++)
      expect(graffiti.pushes - before).toBeLessThanOrEqual(steps);
    expect(graffiti.pushes - before).toBe(40 * 40);
    expect(graffiti).toMatchObject({ infoHashes: 0, announces: 0, subscriptions: 0 });
  });
});
