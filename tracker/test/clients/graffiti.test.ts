// The real @graffiti-garden/tracker-client against our tracker, over real sockets: what its own tests ask of its own server, and what
// that server got wrong. The handshake by signature is spoken by hand, as no published client knows it yet.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { graffitiHelloText } from '@relay-swarm/protocol';
import {
  loadGraffitiLibrary,
  type GraffitiLibrary,
  type TrackerSingle,
  type Update,
} from '../support/graffiti-client.ts';
import { HandClient } from '../support/hand-client.ts';
import { frame, RawClient } from '../support/raw-client.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

let library: GraffitiLibrary;
let tracker: RunningTracker;
const closing: (() => unknown)[] = [];
beforeAll(async () => {
  library = await loadGraffitiLibrary();
});
beforeEach(async () => {
  tracker = await startTracker({ TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '1000' });
});
afterEach(async () => {
  // The newest first: a client whose relay goes before it would try to come back.
  for (const close of closing.splice(0).reverse()) await close();
  await tracker.stop();
});

async function startAnother(env: Record<string, string> = {}): Promise<RunningTracker> {
  const another = await startTracker(env);
  closing.push(() => another.stop());
  return another;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hash = (name: string): string => sha256(name);

/** A client and everything that it was pushed. */
class Peer {
  readonly updates: Update[] = [];
  readonly errors: string[] = [];
  readonly id: string;
  readonly single: TrackerSingle;
  #heard: () => void = () => undefined;

  constructor(name: string, url = tracker.url) {
    const proof = sha256(name);
    this.id = sha256(proof);
    this.single = new library.TrackerSingle(
      proof,
      url,
      (update) => {
        this.updates.push(update);
        this.#heard();
      },
      (detail) => {
        this.errors.push(detail);
        this.#heard();
      },
    );
    closing.push(() => this.single.close());
  }

  static async join(name: string, url?: string): Promise<Peer> {
    const peer = new Peer(name, url);
    await peer.single.tilOpen();
    return peer;
  }

  ask(action: string, ...names: string[]): Promise<string> {
    return this.single.request(action, ...names.map(hash));
  }

  /** Resolves when the condition holds, which is looked at after every push. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  /** Everything that the relay had sent before this call has arrived after it. */
  async settle(): Promise<void> {
    await this.ask('unsubscribe', 'nobody subscribes to this');
  }
}
const push = (action: 'announce' | 'unannounce', peer: Peer, name: string): Update => ({
  action,
  peer: peer.id,
  info_hash: hash(name),
});

describe('a Graffiti client', () => {
  it('is refused while another with the same proof is connected', async () => {
    const first = await Peer.join('alice');
    const second = new Peer('alice');
    await second.until(() => second.errors.length > 0);
    expect(second.errors).toEqual([`Peer with ID ${first.id} already exists`]);
    expect(second.single.open).toBe(false);
    expect(await first.ask('announce', 'x')).toBe('announced');
  });

  it('hears why a request is refused, and stays connected', async () => {
    const alice = await Peer.join('alice');
    await expect(alice.single.request('announce', '1234')).rejects.toMatch('info_hashes');
    await expect(alice.single.request('actnow', hash('x'))).rejects.toMatch('action');
    expect(await alice.ask('announce', 'x', 'y')).toBe('announced');
  });

  it('hears of an announce and of its end while it subscribes, and of nothing before and after', async () => {
    const [alice, bob] = [await Peer.join('alice'), await Peer.join('bob')];
    await alice.ask('announce', 'x');
    await alice.ask('unannounce', 'x');
    expect(await bob.ask('subscribe', 'x')).toBe('subscribed');
    expect(await alice.ask('announce', 'x')).toBe('announced');
    expect(await alice.ask('announce', 'x')).toBe('announced');
    expect(await alice.ask('unannounce', 'x')).toBe('unannounced');
    await bob.settle();
    expect(bob.updates).toEqual([push('announce', alice, 'x'), push('unannounce', alice, 'x')]);
    expect(await bob.ask('unsubscribe', 'x')).toBe('unsubscribed');
    await alice.ask('announce', 'x');
    await bob.settle();
    expect(bob.updates).toHaveLength(2);
  });

  it('hears once of who announced before and of who announces after, itself included', async () => {
    const [alice, bob] = [await Peer.join('alice'), await Peer.join('bob')];
    await alice.ask('announce', 'x');
    await alice.ask('subscribe', 'x');
    await bob.ask('subscribe', 'x');
    await bob.ask('subscribe', 'x');
    await bob.ask('announce', 'x');
    for (const peer of [alice, bob]) {
      await peer.settle();
      expect(peer.updates).toEqual([push('announce', alice, 'x'), push('announce', bob, 'x')]);
    }
  });

  it('hears that 50 others leave and then 50 more, each once', async () => {
    const bob = await Peer.join('bob');
    await bob.ask('subscribe', 'x');
    const crowd = await Promise.all(Array.from({ length: 100 }, (_, index) => Peer.join(`peer ${index}`)));
    await Promise.all(crowd.map((peer) => peer.ask('announce', 'x')));
    const ids = (peers: Peer[]): string[] => peers.map(({ id }) => id).sort();
    const heard = (action: string): string[] =>
      bob.updates
        .filter((update) => update.action === action)
        .map(({ peer }) => peer)
        .sort();
    await bob.settle();
    expect(heard('announce')).toEqual(ids(crowd));
    for (const end of [50, 100]) {
      for (const peer of crowd.slice(end - 50, end)) peer.single.close();
      await bob.until(() => heard('unannounce').length >= end);
      await bob.settle();
      expect(heard('unannounce')).toEqual(ids(crowd.slice(0, end)));
    }
    expect(bob.updates).toHaveLength(200);
  });

  it('is told of more than its buffer at the relay holds, as fast as it reads', async () => {
    const relay = await startAnother({ TRACKER_SEND_BUFFER_BYTES_MAX: '16384' }); // four times as much ends a connection
    const [alice, bob] = [await Peer.join('alice', relay.url), await Peer.join('bob', relay.url)];
    const names = Array.from({ length: 400 }, (_, index) => `hash ${index}`);
    await alice.ask('announce', ...names);
    expect(await bob.ask('subscribe', ...names)).toBe('subscribed');
    await bob.until(() => bob.updates.length === 400);
    const byName = (one: object, other: object): number =>
      JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
    expect(bob.updates.toSorted(byName)).toEqual(
      names.map((name) => push('announce', alice, name)).toSorted(byName),
    );
    expect(bob.single.open).toBe(true);
  });

  it('comes back by itself after its connection was lost, and the others know', async () => {
    const [alice, bob] = [await Peer.join('alice'), await Peer.join('bob')];
    await bob.ask('subscribe', 'x');
    await alice.ask('announce', 'x', 'y');
    await alice.ask('subscribe', 'x');
    alice.single.ws.terminate();
    await bob.until(() => bob.updates.length === 3); // the client waits for 2 s
    expect(bob.updates).toEqual([
      push('announce', alice, 'x'),
      push('unannounce', alice, 'x'),
      push('announce', alice, 'x'),
    ]);
  });

  it('gets its place back within seconds when its old connection died without a word', async () => {
    const bob = await Peer.join('bob');
    await bob.ask('subscribe', 'x');
    // Its network is gone: the connection stays open, but nobody answers pings there.
    const dead = await RawClient.open(tracker.port);
    closing.push(() => dead.socket.destroy());
    await dead.send(frame(sha256('alice')));
    const announce = { messageID: hash('m'), action: 'announce', info_hashes: [hash('x')] };
    await dead.send(frame(JSON.stringify(announce)));
    await bob.until(() => bob.updates.length === 1);

    const alice = new Peer('alice');
    const startedAtMs = performance.now();
    await alice.single.tilOpen();
    const seconds = (performance.now() - startedAtMs) / 1000;
    process.stdout.write(`graffiti: the place of a dead connection was free after ${seconds.toFixed(1)} s\n`);
    expect(seconds).toBeLessThan(10);
    expect(alice.errors.length).toBeGreaterThan(0);
    await alice.ask('announce', 'x');
    await bob.settle();
    expect(bob.updates).toEqual([
      push('announce', alice, 'x'),
      push('unannounce', alice, 'x'),
      push('announce', alice, 'x'),
    ]);
  });
});

describe('a Graffiti client of two relays', () => {
  it('announces to both, and subscribes at both', async () => {
    const second = await startAnother();
    const urls = [tracker.url, second.url];
    const [alice, bob] = [sha256('alice'), sha256('bob')].map(
      (proof) => new library.TrackerClient(proof, urls),
    );
    for (const client of [alice!, bob!]) closing.push(() => client.trackers.forEach((one) => one.close()));
    await Promise.all([alice!, bob!].flatMap((client) => client.trackers.map((one) => one.tilOpen())));
    const updates = bob!.subscribe(hash('x'));
    const announced = updates.next();
    expect(await alice!.announce(hash('x'))).toEqual(['announced', 'announced']);
    expect((await announced).value).toEqual({ action: 'announce', peer: sha256(sha256('alice')) });
    // The second relay's push of the announce may come before it. The generator loses what is pushed while its caller is busy.
    const unannounced = updates
      .next()
      .then((update) => (update.value?.action === 'announce' ? updates.next() : update));
    expect(await alice!.unannounce(hash('x'))).toEqual(['unannounced', 'unannounced']);
    expect((await unannounced).value).toEqual({ action: 'unannounce', peer: sha256(sha256('alice')) });
  });
});

describe('the handshake by signature', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const shake = async (url: string, signedFor: string): Promise<HandClient> => {
    const client = await HandClient.open(url);
    closing.push(() => client.close());
    client.send({ action: 'hello', publicKey: raw.toString('base64') });
    const { challenge } = await client.take('a challenge', (message) => 'challenge' in message);
    const signature = sign(null, Buffer.from(graffitiHelloText(String(challenge), signedFor)), privateKey);
    client.send({ signature: signature.toString('hex') });
    return client;
  };

  it('makes a peer that others hear of, named after its key', async () => {
    const relay = await startAnother({ TRACKER_PUBLIC_URL: 'wss://tracker.example.org' });
    const bob = await Peer.join('bob', relay.url);
    await bob.ask('subscribe', 'x');
    const client = await shake(relay.url, 'wss://tracker.example.org');
    const { peer_id } = await client.take('the peer id', (message) => 'peer_id' in message);
    expect(peer_id).toBe(createHash('sha256').update(raw).digest('hex'));
    client.send({ messageID: hash('m'), action: 'announce', infoHashes: [hash('x')] });
    await bob.until(() => bob.updates.length === 1);
    expect(bob.updates).toEqual([{ action: 'announce', peer: peer_id, info_hash: hash('x') }]);
  });

  it('is worth nothing at a relay that it was not made for', async () => {
    const relay = await startAnother({ TRACKER_PUBLIC_URL: 'wss://tracker.example.org' });
    const client = await shake(relay.url, 'wss://another.example.org');
    await new Promise((resolve) => client.socket.once('close', resolve));
    expect(client.received).toEqual([{ error: 'validation', detail: 'invalid signature' }]);
  });
});
