// The roster: sources that die, lie and change; what is remembered; who is used for what.
import fc from 'fast-check';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { descriptorText, type Descriptor } from '@relay-swarm/protocol/descriptor';
import type { Roster as RosterAnswer, RosterRelay } from '@relay-swarm/protocol/roster';
import { rankRelays } from '@relay-swarm/protocol/ranking';
import { KnownRelays } from '../src/known-relays.ts';
import { RelayChoice } from '../src/relay-choice.ts';
import { RelaySockets } from '../src/relay-sockets.ts';
import { Roster, type RosterOptions } from '../src/roster.ts';
import type { TextStore } from '../src/roster-cache.ts';

interface Relay {
  readonly id: string;
  readonly key: KeyObject;
  readonly base: string;
}

function makeRelay(name: string): Relay {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const id = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  return { id, key: privateKey, base: `https://${name}.example` };
}

const entry = ({ id, base }: Relay, more: Partial<RosterRelay> = {}): RosterRelay => ({
  id,
  url: base.replace('https', 'wss'),
  services: {},
  state: 'ok',
  load: 0.1,
  peers: 0,
  ageSeconds: 1,
  ...more,
});

const nowMs = 1_800_000_000_000;
const infoHash = '4772c3bcc39f6520f09f8c8d4772c3bcc39f6520';

const rosterOf = (self: Relay, relays: readonly RosterRelay[]): RosterAnswer => ({
  swarm: 'relay-swarm/1',
  self: self.id,
  generatedAt: nowMs,
  relays,
});

function descriptorOf(relay: Relay, more: Partial<Descriptor> = {}): object {
  const descriptor: Descriptor = {
    id: relay.id,
    swarm: 'relay-swarm/1',
    url: relay.base.replace('https', 'wss'),
    services: {},
    software: 'relay-swarm/0.1.0',
    issuedAt: nowMs,
    expiresAt: nowMs + 86_400_000,
    ...more,
  };
  const signature = sign(null, Buffer.from(descriptorText(descriptor)), relay.key).toString('hex');
  return { ...descriptor, signature };
}

/** A network: URL → what it answers. What is not there does not answer. */
class Net {
  readonly answers = new Map<string, unknown>();
  /** Where more than the text matters. */
  readonly responses = new Map<string, () => Response>();
  readonly asked: string[] = [];

  serve(relay: Relay, relays: readonly RosterRelay[], descriptor = descriptorOf(relay)): void {
    this.answers.set(`${relay.base}/relays.json`, rosterOf(relay, relays));
    this.answers.set(`${relay.base}/.well-known/relay-swarm`, descriptor);
  }

  readonly fetch = (url: string): Promise<Response> => {
    this.asked.push(url);
    const response = this.responses.get(url);
    if (response !== undefined) return Promise.resolve(response());
    const answer = this.answers.get(url);
    return answer === undefined
      ? Promise.reject(new TypeError('fetch failed'))
      : Promise.resolve(new Response(JSON.stringify(answer)));
  };
}

class Memory implements TextStore {
  readonly texts = new Map<string, string>();
  getItem = (name: string): string | null => this.texts.get(name) ?? null;
  setItem = (name: string, text: string): void => void this.texts.set(name, text);
}

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(makeRelay) as [Relay, Relay, Relay, Relay];
const everybody = [a, b, c, d].map((relay) => entry(relay));
const opened: Roster[] = [];

async function load(net: Net, sources: readonly string[], options: RosterOptions = {}): Promise<Roster> {
  const roster = await Roster.load(sources, { fetch: net.fetch, now: () => nowMs, store: null, ...options });
  opened.push(roster);
  return roster;
}

afterEach(() => {
  for (const roster of opened.splice(0)) roster.close();
});

describe('Roster.load()', () => {
  it('takes any URL of a relay, and the first source that answers', async () => {
    const net = new Net();
    net.serve(b, everybody);
    const roster = await load(net, ['wss://a.example/announce', 'https://b.example/watch#x']);
    expect(new Set(roster.relays.map(({ id }) => id))).toEqual(new Set(everybody.map(({ id }) => id)));
  });

  it('says so where nobody answers, and where there is nobody to ask', async () => {
    await expect(load(new Net(), [a.base, b.base])).rejects.toMatchObject({ code: 'NO_ROSTER' });
    await expect(load(new Net(), [])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    await expect(load(new Net(), ['ftp://a.example'])).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  });

  it('rejects with the reason of a signal that has aborted', async () => {
    await expect(load(new Net(), [a.base], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('does not believe a descriptor whose signature is wrong', async () => {
    const net = new Net();
    net.serve(a, everybody, { ...descriptorOf(a), url: 'wss://evil.example' });
    await expect(load(net, [a.base])).rejects.toMatchObject({
      code: 'NO_ROSTER',
      cause: { code: 'BAD_SIGNATURE' },
    });
  });

  it('does not believe a descriptor of another relay', async () => {
    const net = new Net();
    net.serve(a, everybody, descriptorOf(b));
    await expect(load(net, [a.base])).rejects.toMatchObject({ cause: { code: 'BAD_SIGNATURE' } });
  });

  it('believes pinned keys alone, and only with a signature', async () => {
    const net = new Net();
    net.serve(a, everybody);
    await expect(load(net, [a.base], { pinnedKeys: [b.id] })).rejects.toMatchObject({ code: 'NO_ROSTER' });
    await load(net, [a.base], { pinnedKeys: [a.id] });
    net.answers.delete(`${a.base}/.well-known/relay-swarm`);
    await expect(load(net, [a.base], { pinnedKeys: [a.id] })).rejects.toMatchObject({ code: 'NO_ROSTER' });
  });
});

describe('a list that nginx serves as a file', () => {
  const oldAnswer = (relay: Relay, relays: readonly RosterRelay[], ageSeconds: number): Response =>
    new Response(JSON.stringify(rosterOf(relay, relays)), {
      headers: {
        date: new Date(nowMs + 3_600_000).toUTCString(), // its clock is an hour ahead
        'last-modified': new Date(nowMs + 3_600_000 - ageSeconds * 1000).toUTCString(),
      },
    });

  it('makes health as old as it is', async () => {
    const net = new Net();
    net.serve(a, everybody);
    net.responses.set(`${a.base}/relays.json`, () => oldAnswer(a, [entry(a, { ageSeconds: 3 })], 60));
    const roster = await load(net, [a.base]);
    expect(roster.relays.map(({ ageSeconds }) => ageSeconds)).toEqual([63]);
  });

  it('is not believed before a newer one where its tracker has been gone for minutes, and is where there is no other', async () => {
    const net = new Net();
    net.serve(a, everybody);
    net.serve(b, [entry(b)]);
    net.responses.set(`${a.base}/relays.json`, () => oldAnswer(a, everybody, 121));
    const roster = await load(net, [a.base, b.base]);
    // Both are asked at once, so this may come after the other's answer.
    const told = new Promise<string>((resolve) =>
      roster.on('sourceerror', ({ error }) => resolve(error.message)),
    );
    await roster.refresh();
    expect(roster.relays.map(({ id }) => id)).toEqual([b.id]);
    expect(await told).toContain('121 s old');
    net.answers.delete(`${b.base}/relays.json`);
    await roster.refresh();
    expect(roster.relays).toHaveLength(4);
  });
});

describe('a swarm that is too large for one list', () => {
  const e = makeRelay('e');
  const large = (relays: readonly RosterRelay[]): RosterAnswer => ({ ...rosterOf(a, relays), total: 5 });

  it('is looked up by key, again with each refresh', async () => {
    const net = new Net();
    net.serve(a, everybody);
    net.answers.set(`${a.base}/relays.json`, large(everybody));
    const query = `${a.base}/relays.json?key=${infoHash}&k=3`;
    net.answers.set(query, large([entry(e), entry(b)]));
    const roster = await load(net, [a.base]);
    expect(roster.isPartial).toBe(true);
    await roster.lookUp(infoHash);
    expect(roster.relays.map(({ id }) => id)).toContain(e.id);
    expect(roster.isPartial).toBe(false);
    net.answers.set(`${a.base}/relays.json`, { ...large(everybody), total: 6 });
    await roster.refresh();
    expect(net.asked.filter((url) => url === query)).toHaveLength(2);
  });

  it('is looked up by a choice of relays on its own account', async () => {
    const net = new Net();
    net.serve(a, everybody);
    net.answers.set(`${a.base}/relays.json`, large(everybody));
    let key = '';
    for (let i = 0; rankRelays(key || '0', [...everybody, entry(e)])[0]!.id !== e.id || key === ''; i++)
      key = i.toString(16).padStart(40, '0');
    net.answers.set(`${a.base}/relays.json?key=${key}&k=1`, large([entry(e)]));
    const roster = await load(net, [a.base]);
    const socket = { send: () => undefined, close: () => undefined, readyState: 0 as const };
    const sockets = new RelaySockets(roster, {
      open: () => ({ ...socket, onopen: null, onclose: null, onmessage: null }),
      after: () => () => undefined,
      now: () => nowMs,
      random: () => 0,
    });
    const choice = new RelayChoice(roster, key, { k: 1, sockets });
    const change = await new Promise((resolve) => choice.on('relaychange', resolve, { once: true }));
    expect(change).toMatchObject({ reason: 'back', added: [{ id: e.id }] });
  });

  it('is whole where the list has everybody', async () => {
    const net = new Net();
    net.serve(a, everybody);
    expect((await load(net, [a.base])).isPartial).toBe(false);
  });
});

describe('refresh()', () => {
  it('ends for whoever no longer waits, and goes on for the others', async () => {
    const net = new Net();
    net.serve(a, everybody);
    const roster = await load(net, [a.base]);
    const reason = new Error('no longer wanted');
    const controller = new AbortController();
    const [one, two] = [roster.refresh({ signal: controller.signal }), roster.refresh()];
    controller.abort(reason);
    await expect(one).rejects.toBe(reason);
    await two;
  });
});

describe('what is remembered', () => {
  it('serves while no source answers', async () => {
    const net = new Net();
    const store = new Memory();
    net.serve(a, everybody);
    await load(net, [a.base], { store });
    const later = await load(new Net(), [a.base], { store });
    expect(later.relays).toHaveLength(4);
  });

  it('leads to the swarm where all sources are gone', async () => {
    const net = new Net();
    const store = new Memory();
    net.serve(a, everybody);
    await load(net, [a.base], { store });
    const other = new Net();
    const e = makeRelay('e');
    other.serve(c, [...everybody, entry(e)]);
    const later = await load(other, [a.base], { store });
    await later.refresh();
    expect(later.relays.map(({ id }) => id)).toContain(e.id);
  });

  it('keeps out another key at a known address as long as others answer', async () => {
    const net = new Net();
    const store = new Memory();
    net.serve(a, everybody);
    net.serve(b, everybody);
    await load(net, [a.base], { store });
    const evil: Relay = { ...makeRelay('evil'), base: a.base };
    net.serve(evil, [entry(evil)]);
    const roster = await Roster.load([a.base, b.base], { fetch: net.fetch, now: () => nowMs, store });
    opened.push(roster);
    await roster.refresh();
    expect(roster.relays.map(({ id }) => id)).not.toContain(evil.id);

    net.answers.delete(`${b.base}/relays.json`);
    const changes: string[] = [];
    roster.on('keychange', ({ source }) => changes.push(source));
    await roster.refresh(); // nobody else is left: the operator has begun anew
    expect(new Set(changes)).toEqual(new Set([a.base])); // the answer to the refresh before may have come as late
    expect(roster.relays.map(({ id }) => id)).toContain(evil.id);
  });

  it.each(['', '{', '{"keys":[]}', '{"keys":[{"base":"javascript:","id":"a"}],"roster":{}}'])(
    'is not used where it is damaged: %s',
    async (text) => {
      const store = new Memory();
      store.setItem('relay-swarm/roster/1', text);
      await expect(load(new Net(), [a.base], { store })).rejects.toMatchObject({ code: 'NO_ROSTER' });
    },
  );
});

describe('announceUrls()', () => {
  it("are the torrent's k relays and every WebSocket tracker of the magnet, each once", async () => {
    const net = new Net();
    net.serve(a, everybody);
    const roster = await load(net, [a.base]);
    const ranked = roster.ranked(infoHash, 2).map(({ url }) => url);
    const magnet = `magnet:?xt=urn:btih:${infoHash.toUpperCase()}&tr=${encodeURIComponent(`${ranked[0]!}/`)}&tr=udp%3A%2F%2Ft.example&tr.1=wss%3A%2F%2Fother.example%2Fannounce`;
    const urls = roster.announceUrls(magnet, { k: 2 });
    expect(urls.map((url) => url.replace(/\/$/, ''))).toEqual([...ranked, 'wss://other.example/announce']);
    expect(roster.announceUrls(infoHash, { k: 2 })).toEqual(ranked);
  });

  it('pass over a relay that is full, draining, or was seen to fail', async () => {
    const net = new Net();
    net.serve(a, everybody);
    const roster = await load(net, [a.base]);
    const ranking = roster.ranking(infoHash);
    roster.report(ranking[0]!, false);
    expect(roster.ranked(infoHash, 3)).toEqual(ranking.slice(1));
    roster.take(rosterOf(a, [{ ...ranking[1]!, state: 'draining' }]));
    expect(roster.ranked(infoHash, 2)).toEqual(ranking.slice(2));
    roster.report(ranking[0]!, true);
    expect(roster.ranked(infoHash, 1)).toEqual([ranking[0]]);
  });
});

describe('KnownRelays', () => {
  it('knows the same from the same rosters, whichever came first', () => {
    const rosters = fc.array(
      fc.record({
        generatedAt: fc.uniqueArray(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 1 }),
        relays: fc.subarray(everybody),
        state: fc.constantFrom('ok', 'busy', 'full', 'draining'),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(rosters, (list) => {
        const answers = list.map(({ relays, state }, i) => ({
          ...rosterOf(
            a,
            relays.map((relay) => ({ ...relay, state })),
          ),
          generatedAt: i,
        }));
        const merged = (order: readonly RosterAnswer[]): RosterRelay[] => {
          const known = new KnownRelays();
          for (const answer of order) known.merge(answer, nowMs);
          return known.ranking(infoHash);
        };
        expect(merged([...answers].reverse())).toEqual(merged(answers));
      }),
    );
  });

  it('forgets a relay that nobody has listed for ten minutes', () => {
    const known = new KnownRelays();
    known.merge(rosterOf(a, everybody), nowMs);
    known.merge(rosterOf(a, everybody.slice(1)), nowMs + 600_000);
    expect(known.all).toHaveLength(4);
    known.merge(rosterOf(a, everybody.slice(1)), nowMs + 600_001);
    expect(known.all).toHaveLength(3);
  });

  it('offers the unhealthy where there are too few others', () => {
    const known = new KnownRelays();
    known.merge(rosterOf(a, [entry(a, { state: 'full' }), entry(b)]), nowMs);
    expect(known.firstUsable(infoHash, 2, nowMs).map(({ id }) => id)).toEqual([b.id, a.id]);
  });
});

describe('iceServers()', () => {
  const turn = { urls: ['turn:a.example:3478'], username: 'u', credential: 'p' };

  it('are those of the two nearest relays, by the round trips that sockets have measured', async () => {
    const net = new Net();
    const relays = [a, b, c, d];
    net.serve(
      a,
      relays.map((relay) => entry(relay, { iceServers: `${relay.base}/ice-servers` })),
    );
    for (const { base } of relays)
      net.answers.set(`${base}/ice-servers`, { iceServers: [{ urls: [`turn:${new URL(base).host}`] }] });
    const roster = await load(net, [a.base]);
    [90, 20, 70, 10].forEach((ms, i) => roster.measured(relays[i]!, ms));
    roster.measured(a, 80); // a little better than before, and still the last
    expect(roster.roundTripMsOf(a)).toBeCloseTo(88.75);
    const urls = (await roster.iceServers()).flatMap((server) => server.urls);
    expect(urls).toEqual(['turn:d.example', 'turn:b.example']);
  });
  it('asks the relays that offer them, once, and again before the credentials expire', async () => {
    const net = new Net();
    net.serve(
      a,
      [a, b].map((relay) => entry(relay, { iceServers: `${relay.base}/ice-servers` })),
    );
    net.answers.set(`${a.base}/ice-servers`, { iceServers: [turn], ttlSeconds: 1000 });
    let now = nowMs;
    const roster = await load(net, [a.base], { now: () => now });
    const asked = (): number => net.asked.filter((url) => url === `${a.base}/ice-servers`).length;
    expect(await roster.iceServers()).toEqual([turn]);
    now += 700_000;
    await roster.iceServers();
    expect(asked()).toBe(1);
    now += 100_000;
    await roster.iceServers();
    expect(asked()).toBe(2);
    net.answers.clear();
    now += 900_000; // nobody answers, and what there is is still good
    expect(await roster.iceServers()).toEqual([turn]);
    now += 100_001;
    await expect(roster.iceServers()).rejects.toMatchObject({ code: 'NO_SERVICE' });
  });
});
