// The small rules: back-off, candidates, load, merged health, roster, refusals.
import { readSettings, SettingsError } from '@relay-swarm/kit';
import {
  decodeRoster,
  rankRelays,
  readServiceHealth,
  type RelayHealth,
  type Roster,
  type ServiceHealth,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backoffMs } from '../src/roster/backoff.ts';
import { Candidates, sample } from '../src/discovery/candidates.ts';
import { chooseFairly } from '../src/discovery/discovery.ts';
import { LoadState, type LoadSample } from '../src/health/load.ts';
import { mergeHealth, readOthers } from '../src/health/health-aggregator.ts';
import { createIdentity } from '../src/proof/identity.ts';
import { isPublicHost } from '../src/discovery/public-host.ts';
import { betterThan, createRoster, type RosterMember } from '../src/roster/roster.ts';
import { Liveness, PROOF_MS_MAX } from '../src/roster/liveness.ts';
import { RelayTable } from '../src/roster/relay-table.ts';
import { readStateFile } from '../src/files/state-file.ts';
import { checkRelaySettings, relaySettings } from '../src/settings.ts';
import { describeRelay, reportHealth } from './attacker.ts';
import { createDice } from '../src/simulator/dice.ts';
import { START_MS } from './simulation.ts';

describe('backoffMs()', () => {
  it('doubles from a second up to the cap, and never goes above', () => {
    expect([1, 2, 3, 4, 5, 100].map((failures) => backoffMs(failures, 10_000, () => 1))).toEqual([
      1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });
  it('is spread over half of it', () => expect(backoffMs(3, 10_000, () => 0)).toBe(2000));
});

describe('Candidates', () => {
  const create = (changes = {}): Candidates =>
    new Candidates({
      candidatesMax: 10,
      perHostMax: 2,
      askingMax: 3,
      retryMsMax: 60_000,
      random: createDice(),
      ...changes,
    });

  it('takes no address twice, few of one host, and no more than its room', () => {
    const candidates = create();
    expect(candidates.add('http://1.1.1.1:80', 'dht', 0)).toBe(true);
    expect(candidates.add('http://1.1.1.1:80', 'dht', 0)).toBe(false);
    expect(candidates.add('http://1.1.1.1:8081', 'dht', 0)).toBe(true);
    expect(candidates.add('http://1.1.1.1:8082', 'dht', 0)).toBe(false);
    for (let i = 0; i < 100; i++) candidates.add(`http://2.2.2.${i}:80`, 'dht', 0);
    expect(candidates.size).toBe(10);
    expect(candidates.add('https://mine.example', 'bootstrap', 0)).toBe(true); // the operator's always
  });

  it("asks the operator's at once, and so many of the DHT's at a time", () => {
    const candidates = create();
    for (let i = 0; i < 5; i++) candidates.add(`http://2.2.2.${i}:80`, 'dht', 0);
    candidates.add('https://mine.example', 'bootstrap', 0);
    const asked = candidates.take(0);
    expect(asked.map(({ source }) => source)).toEqual(['bootstrap', 'dht', 'dht', 'dht']);
    expect(candidates.take(0)).toEqual([]);
    candidates.answered(asked[1]!, 0);
    expect(candidates.take(0)).toHaveLength(1);
  });

  it('gives the place of one that failed to a new one, and forgets it in the end', () => {
    const candidates = create({ candidatesMax: 1 });
    candidates.add('http://1.1.1.1:80', 'dht', 0);
    expect(candidates.add('http://2.2.2.2:80', 'dht', 0)).toBe(false);
    candidates.failed(candidates.take(0)[0]!, 0);
    expect(candidates.add('http://2.2.2.2:80', 'dht', 0)).toBe(true);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1000)
      for (const one of candidates.take(nowMs)) candidates.failed(one, nowMs);
    expect(candidates.size).toBe(0);
  });

  it('gives the place of one that answered, too, where all others are worse', () => {
    const candidates = create({ candidatesMax: 2 });
    candidates.add('http://1.1.1.1:80', 'dht', 0);
    candidates.add('http://1.1.1.2:80', 'dht', 0);
    const [first, second] = candidates.take(0);
    candidates.answered(first!, 0);
    candidates.failed(second!, 0);
    expect(candidates.add('http://2.2.2.2:80', 'dht', 0)).toBe(true);
    expect(candidates.add(second!.origin, 'dht', 0)).toBe(true); // it was the failed one that went, now the other
    expect(candidates.add('http://2.2.2.3:80', 'dht', 0)).toBe(false);
  });

  it.each([22, 25, 53, 110, 1023, 6000, 6667])('dials no port %i', (port) => {
    expect(create().add(`http://1.1.1.1:${port}`, 'dht', 0)).toBe(false);
  });
  it.each([80, 443, 1024, 5001, 8000])('dials port %i', (port) => {
    expect(create().add(`http://1.1.1.1:${port}`, 'dht', 0)).toBe(true);
  });

  it("never forgets the operator's", () => {
    const candidates = create();
    candidates.add('https://mine.example', 'bootstrap', 0);
    let asked = 0;
    for (let nowMs = 0; nowMs < 600_000; nowMs += 1000) {
      for (const one of candidates.take(nowMs)) {
        asked++;
        candidates.failed(one, nowMs);
      }
    }
    expect(asked).toBeGreaterThan(600 / 20);
    expect(asked).toBeLessThan(80);
  });
});

describe('RelayTable', () => {
  it('offers a relay for as long as its URL has answered of late, whatever it tells of itself', () => {
    const self = createIdentity();
    const relays = new RelayTable({
      ...{ selfId: 'ff'.repeat(32), swarm: 'test', allowPrivate: true, relaysMax: 16, retryMsMax: 1_000 },
      ...{ periodMs: 10_000, verify: () => true, isPublicHost: () => true, random: () => 0 },
      wallClockMs: () => START_MS,
    });
    expect(relays.offer(describeRelay(self), 'dht', START_MS)).toBe('new');
    relays.verified(self.id, '1.1.1.1', START_MS);
    relays.connected(self.id);
    const endMs = START_MS + PROOF_MS_MAX;
    expect(relays.health(self.id, reportHealth(self, 1), endMs)).toBe(true);
    const isOffered = (nowMs: number): boolean => relays.isOffered(relays.get(self.id)!, nowMs);
    expect([isOffered(endMs), isOffered(endMs + 1)]).toEqual([true, false]);
  });
});

describe('the limit of descriptors for one host', () => {
  it('takes four unproven ones, then no more, wherever they come from; proven ones do not count', () => {
    const relays = new RelayTable({
      ...{ selfId: 'ff'.repeat(32), swarm: 'test', allowPrivate: false, relaysMax: 100, retryMsMax: 1_000 },
      ...{ periodMs: 10_000, verify: () => true, isPublicHost: () => true, random: () => 0 },
      wallClockMs: () => START_MS,
    });
    const offer = (id: string, url: string, issuedAt = START_MS): string =>
      relays.offer(
        { ...describeRelay(createIdentity(), { url, issuedAt }), id: id.repeat(64) },
        id,
        START_MS,
      );
    const victim = (port: number): string => `wss://victim.example:${port}`;
    expect([1, 2, 3, 4].map((i) => offer(String(i), victim(2000 + i)))).toEqual(Array(4).fill('new'));
    expect(offer('5', victim(2005))).toBe('refused');
    expect(offer('6', 'wss://other.example')).toBe('new');
    expect(offer('6', victim(2006), START_MS + 1)).toBe('refused'); // it cannot move there either
    relays.verified('1'.repeat(64), '1.1.1.1', START_MS);
    expect(offer('5', victim(2005))).toBe('new');
  });
});

describe('Liveness', () => {
  const healthAt = (sampledAt: number, sequence: number) =>
    ({ sampledAt, sequence, state: 'ok' }) as unknown as SignedRelayHealth;
  const create = (): Liveness => {
    const liveness = new Liveness();
    liveness.verify('1.1.1.1', 0);
    liveness.connect();
    return liveness;
  };
  it('counts silence by the period of the relay that is silent', () => {
    const slow = create();
    slow.hear(healthAt(0, 1), 0);
    expect(slow.isServing(100_000, 10_000)).toBe(true); // its period is not known yet
    slow.hear(healthAt(60_000, 2), 60_000);
    expect([slow.isServing(240_000, 1_000), slow.isServing(240_001, 1_000)]).toEqual([true, false]);
    const fast = create();
    fast.hear(healthAt(0, 1), 0);
    fast.hear(healthAt(1_000, 2), 1_000);
    expect([fast.isServing(31_000, 10_000), fast.isServing(31_001, 10_000)]).toEqual([true, false]);
  });
  it('believes no period above a minute, nor one that a clock has made up', () => {
    const liveness = create();
    liveness.hear(healthAt(0, 1), 0);
    liveness.hear(healthAt(9e9, 2), 1_000);
    expect([liveness.isServing(181_000, 10_000), liveness.isServing(181_001, 10_000)]).toEqual([true, false]);
  });
  it('does not serve while a ping waits', () => {
    const liveness = create();
    liveness.hear(healthAt(0, 1), 0);
    liveness.suspect(true, 0);
    expect(liveness.isServing(0, 10_000)).toBe(false);
    liveness.suspect(false, 0);
    expect(liveness.isServing(0, 10_000)).toBe(true);
  });
});

describe('isPublicHost()', () => {
  it.each(['a.example', 'tracker.example.org', '1.1.1.1', '[2606:2800:21f::1]', 'locals.example'])(
    'takes %s',
    (host) => expect(isPublicHost(host)).toBe(true),
  );
  it.each([
    ...[
      'localhost',
      'localhost.',
      'a.localhost',
      'router',
      'nas.local',
      'x.internal',
      'fritz.lan',
      '1.home.arpa',
    ],
    ...['127.0.0.1', '10.0.0.1', '[::1]', '[::ffff:a00:1]', '[fd00::1]', ''],
  ])('refuses %s', (host) => expect(isPublicHost(host)).toBe(false));
});

describe('readStateFile() and readOthers()', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'relay-files-'));
  });
  afterEach(() => rm(dir, { recursive: true }));
  const save = (saved: unknown): Promise<void> =>
    writeFile(join(dir, 'candidates.json'), typeof saved === 'string' ? saved : JSON.stringify(saved));
  const node = { host: '1.1.1.1', port: 1 };

  it.each([
    ['nothing', ''],
    ['half a file', '{"relays":[],"no'],
    ['another shape', { relays: {}, nodes: [] }],
    ['a list', []],
  ])('start anew from %s', async (_what, saved) => {
    await save(saved);
    expect(await readStateFile(dir, 1_000)).toEqual({ relays: [], nodes: [] });
  });
  it('start anew from a file that is too large, and from a folder in its place', async () => {
    await save({ relays: [], nodes: [node] });
    expect(await readStateFile(dir, 1_000)).toEqual({ relays: [], nodes: [node] });
    expect(await readStateFile(dir, 10)).toEqual({ relays: [], nodes: [] });
    await rm(join(dir, 'candidates.json'));
    await mkdir(join(dir, 'candidates.json'));
    expect(await readStateFile(dir, 1_000)).toEqual({ relays: [], nodes: [] });
  });
  it('leave out what a later version has written, and keep the rest', async () => {
    await save({ version: 9, relays: [{ new: 1 }], nodes: [{ new: 1 }, node] });
    expect(await readStateFile(dir, 1_000)).toEqual({ relays: [], nodes: [node] });
  });
  it('take a snapshot that cannot be read for a service that is not well, and read the other one', async () => {
    await mkdir(join(dir, 'health/peerjs.json'), { recursive: true });
    await writeFile(join(dir, 'health/stun.json'), JSON.stringify(snapshot({ allocations: 3 })));
    const found = await readOthers(dir);
    expect(found.get('stun')).toMatchObject({ gauges: { allocations: 3 } });
    expect(mergeHealth(undefined, found, 1000).health).toMatchObject({ allocations: 3, missing: ['peerjs'] });
    expect((await readOthers(join(dir, 'elsewhere'))).size).toBe(0);
  });
});

describe('sample() and chooseFairly()', () => {
  it('chooses each as often as any other', () => {
    const random = createDice();
    const times = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) for (const n of sample([0, 1, 2, 3], 2, random)) times[n]!++;
    for (const count of times) expect(Math.abs(count - 2000)).toBeLessThan(150);
  });
  it('gives a node that names three as much room as one that names a thousand', () => {
    const many = Array.from({ length: 1000 }, (_, port) => ({ host: 'many', port }));
    const few = Array.from({ length: 3 }, (_, port) => ({ host: 'few', port }));
    const chosen = chooseFairly([many, few, []], 10, createDice());
    expect(chosen).toHaveLength(10);
    expect(chosen.filter(({ host }) => host === 'few')).toHaveLength(3);
  });
});

describe('LoadState', () => {
  const idle: LoadSample = { cpu: 0, memory: 0, others: 0, own: 0, eventLoopDelayMs: 0 };
  const create = () => new LoadState({ busyLoad: 0.75, fullLoad: 0.95, eventLoopDelayFullMs: 500 });
  const after = (...samples: Partial<LoadSample>[]): LoadState => {
    const state = create();
    for (const one of samples) state.update({ ...idle, ...one });
    return state;
  };

  it.each([
    [0, 'ok'],
    [0.74, 'ok'],
    [0.75, 'busy'],
    [0.94, 'busy'],
    [0.95, 'full'],
    [1.5, 'full'],
  ] as const)('of %d connections of 1 is %s', (own, state) => {
    expect(after({ own }).state).toBe(state);
    expect(after({ own }).load).toBe(Math.min(1, own));
  });

  it('does not flap at a threshold: it follows downwards only a tenth below', () => {
    expect(after({ own: 0.75 }, { own: 0.66 }).state).toBe('busy');
    expect(after({ own: 0.75 }, { own: 0.65 }).state).toBe('ok');
    expect(after({ own: 0.95 }, { own: 0.86 }).state).toBe('full');
    expect(after({ own: 0.95 }, { own: 0.85 }).state).toBe('busy');
    expect(after({ own: 0.95 }, { own: 0.1 }).state).toBe('ok');
  });

  it('is never full for what is not its own, nor stays so', () => {
    const hot = { cpu: 1, memory: 1, others: 1 };
    expect(after(hot, hot, hot, hot).state).toBe('busy');
    expect(after({ own: 1 }, { ...hot, own: 0.1 }, { ...hot, own: 0.1 }).state).toBe('busy');
  });

  it('takes one busy second for nothing, and half a minute for what it is', () => {
    expect(after({ cpu: 1 }).state).toBe('ok');
    expect(after({ cpu: 1 }, { cpu: 1 }).state).toBe('busy');
    expect(after({ eventLoopDelayMs: 500 }).state).toBe('ok');
    expect(after(...Array<Partial<LoadSample>>(6).fill({ eventLoopDelayMs: 500 })).state).toBe('full');
  });
});

const machine: ServiceHealth['machine'] = {
  cpu: 0.5,
  processCpu: 0.2,
  memory: 0.25,
  receivedBytesPerSecond: 10,
  sentBytesPerSecond: 20,
  eventLoopDelayMs: 3,
};
const snapshot = (gauges: object, changes: Record<string, unknown> = {}): unknown => ({
  service: 'x',
  state: 'serving',
  startedAt: new Date(0).toISOString(),
  sampledAt: new Date(1000).toISOString(),
  periodSeconds: 5,
  gauges,
  machine,
  ...changes,
});

describe('readServiceHealth() and mergeHealth()', () => {
  it('reads what counts for the whole relay, and nothing else', () => {
    const gauges = { connections: 5, connectionsMax: 10, peers: 3 };
    expect(readServiceHealth(snapshot({ ...gauges, other: 'x' }))).toEqual(snapshot(gauges));
  });
  it.each([
    ['nothing', undefined],
    ['a text', 'x'],
    ['no gauges', {}],
    ['a count that is a text', snapshot({ connections: '5' })],
    ['a negative count', snapshot({ peers: -1 })],
    ['a state of its own', snapshot({}, { state: 'fine' })],
    ['no period', snapshot({}, { periodSeconds: undefined })],
    ['a machine of another shape', snapshot({}, { machine: { cpu: 2 } })],
  ])('takes %s for no snapshot', (_what, value) => expect(readServiceHealth(value)).toBeUndefined());

  const NOW_MS = 100_000;
  const service = (gauges: ServiceHealth['gauges'], changes: Partial<ServiceHealth> = {}): ServiceHealth => ({
    ...(snapshot(gauges) as ServiceHealth),
    sampledAt: new Date(NOW_MS).toISOString(),
    ...changes,
  });
  it("adds the services up; the tracker's own fill and processor are its own", () => {
    const others = new Map([
      ['peerjs', service({ connections: 7, connectionsMax: 70 })],
      [
        'stun',
        service({ allocations: 9, allocationsMax: 10 }, { machine: { ...machine, cpu: 0.6, processCpu: 1 } }),
      ],
    ] as const);
    const own = service({ connections: 3, connectionsMax: 10, peers: 4 });
    const merged = mergeHealth(own, others, NOW_MS);
    expect(merged.sample).toEqual({ cpu: 0.2, memory: 0.25, others: 0.9, own: 0.3, eventLoopDelayMs: 3 });
    expect(merged.health).toMatchObject({ cpu: 0.6, connections: 3, peers: 4, allocations: 9, missing: [] });
  });
  const stunAt = (changes: Partial<ServiceHealth>, nowMs = NOW_MS) =>
    mergeHealth(
      undefined,
      new Map([['stun', service({ allocations: 9, allocationsMax: 9 }, changes)]]),
      nowMs,
    );
  it('calls a service missing that has been silent for three of its periods, and counts it no more', () => {
    expect(stunAt({}, NOW_MS + 16_000).health.missing).toEqual([]);
    const late = stunAt({}, NOW_MS + 16_001);
    expect(late.health).toMatchObject({ missing: ['stun'], allocations: 0 });
    expect(late.sample.others).toBe(0);
    expect(stunAt({ periodSeconds: 60 }, NOW_MS + 16_001).health.missing).toEqual([]);
  });
  it('calls a service missing that drains, has stopped, or writes of the future', () => {
    expect(stunAt({ state: 'draining' }).health).toMatchObject({ missing: ['stun'], allocations: 9 });
    expect(stunAt({ state: 'stopped' }).health).toMatchObject({ missing: ['stun'], allocations: 0 });
    const future = new Date(NOW_MS + 3_600_000).toISOString();
    expect(stunAt({ sampledAt: future }).health.missing).toEqual(['stun']);
    expect(stunAt({ sampledAt: 'tomorrow' }).health.missing).toEqual(['stun']);
  });
});

describe('createRoster()', () => {
  const member = (id: string, changes: Partial<RelayHealth> = {}, quality = 1): RosterMember => ({
    quality,
    descriptor: {
      id: id.repeat(64),
      swarm: 'test',
      url: `wss://${id}.example`,
      peerjs: `https://peerjs.${id}.example/`,
      iceServers: `https://${id}.example/ice-servers`,
      services: {},
    } as unknown as SignedDescriptor,
    health: { state: 'ok', load: 0, peers: 1, missing: [], ...changes } as unknown as RelayHealth,
    healthAtMs: 1000,
  });
  const urls = (roster: Roster) => roster.relays.map(({ url }) => url.slice(6, 7)).join('');

  it('puts the best first: by state, then load in thirds', () => {
    const others = [
      member('b', { state: 'full' }),
      member('c', { load: 0.5 }),
      member('d', { load: 0.1 }),
      member('e', { load: 0.1 }),
    ];
    expect(urls(createRoster(member('a', { state: 'busy' }), others, others.length, 5000))).toMatch(
      /^(de|ed)cab$/,
    );
  });
  it('puts what it has known for long before eight that have just come and say that they idle', () => {
    const liars = ['0', '1', '2', '3', '4', '5', '6', '7'].map((id) => member(id, { load: 0 }, 2));
    const old = ['b', 'c', 'd', 'e'].map((id) => member(id, { load: 0.6 }, 0));
    const listed = urls(createRoster(member('a'), [...liars, ...old], 12, 5000));
    expect([...listed.slice(0, 4)].sort().join('')).toBe('bcde');
    expect(listed[4]).toBe('a');
  });
  it('lists equals in another order at each relay, and tells others of each time other ones', () => {
    const all = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'].map((id) => member(id));
    const first = new Set(
      all.map(
        (self) =>
          urls(
            createRoster(
              self,
              all.filter((one) => one !== self),
              9,
              5000,
            ),
          )[0],
      ),
    );
    expect(first.size).toBeGreaterThan(3);
    const roster = createRoster(member('a', { state: 'full' }), all, 10, 5000);
    let step = 0;
    const random = (): number => (step = (step + 0.37) % 1);
    const told = new Set(Array.from({ length: 20 }, () => betterThan(roster, 'full', 1, random)[0]!.id));
    expect(told.size).toBeGreaterThan(3);
  });
  it('ranks for a key whatever the health, and says how many there are', () => {
    const others = ['b', 'c', 'd', 'e', 'f', '0', '1', '2'].map((id) => member(id, { state: 'full' }));
    const ranked = { key: 'ab'.repeat(20), k: 2 };
    const roster = createRoster(member('a'), others, others.length, 5000, 5000, ranked);
    const all = ['a', 'b', 'c', 'd', 'e', 'f', '0', '1', '2'].map((id) => ({ id: id.repeat(64) }));
    expect(roster.relays.map(({ id }) => id)).toEqual(rankRelays(ranked.key, all, 4).map(({ id }) => id));
    expect(roster.total).toBe(9);
    expect(decodeRoster(JSON.stringify(roster))).toEqual(roster);
  });
  it('is what a browser can read, and tells the age', () => {
    const roster = createRoster(member('a'), [member('b')], 1, 5400);
    expect(decodeRoster(JSON.stringify(roster))).toEqual(roster);
    expect(roster.relays.map(({ ageSeconds }) => ageSeconds)).toEqual([4, 4]);
  });
  it('leaves out a service that is missing, and itself when it drains', () => {
    const roster = createRoster(
      member('a', { state: 'draining' }),
      [member('b', { missing: ['peerjs'] })],
      1,
      5000,
    );
    expect(urls(roster)).toBe('b');
    expect(roster.relays[0]).not.toHaveProperty('peerjs');
    expect(roster.relays[0]).toHaveProperty('iceServers');
  });
  it('offers only relays in a better state to those who ask', () => {
    const roster = createRoster(
      member('a', { state: 'busy' }),
      [member('b'), member('c', { state: 'busy' })],
      2,
      5000,
    );
    expect(betterThan(roster, 'busy', 8, Math.random).map(({ url }) => url)).toEqual(['wss://b.example']);
    expect(betterThan(roster, 'full', 8, Math.random)).toHaveLength(2);
    expect(betterThan(roster, 'full', 1, Math.random)).toHaveLength(1);
    expect(betterThan(roster, 'ok', 8, Math.random)).toEqual([]);
  });
});

describe('the settings', () => {
  it('stand without an environment', () => {
    const settings = { ...readSettings({}, relaySettings), publicUrl: undefined };
    expect(settings.dhtEnabled).toBe(false);
    expect(checkRelaySettings(settings)).toEqual([]);
  });
  it('read services and DHT nodes', () => {
    const settings = readSettings(
      {
        RELAY_SERVICES: 'gun=https://gun.example.org/gun, chat=wss://chat.example.org',
        TRACKER_DHT_BOOTSTRAP: 'a.example:6881 [2001:db8::1]:7',
      },
      relaySettings,
    );
    expect(settings.services).toEqual([
      ['gun', 'https://gun.example.org/gun'],
      ['chat', 'wss://chat.example.org'],
    ]);
    expect(settings.dhtBootstrap).toEqual([
      { host: 'a.example', port: 6881 },
      { host: '2001:db8::1', port: 7 },
    ]);
  });
  it.each([
    ['RELAY_SERVICES', 'gun'],
    ['RELAY_SERVICES', '__proto__=https://a.example'],
    ['TRACKER_DHT_BOOTSTRAP', 'a.example'],
    ['TRACKER_DHT_BOOTSTRAP', 'a.example:70000'],
    ['RELAY_BOOTSTRAP', 'ftp://a.example'],
    ['RELAY_STATUS_SECONDS', '0'],
  ])('refuse %s=%s by name', (name, value) => {
    expect(() => readSettings({ [name]: value }, relaySettings)).toThrow(SettingsError);
    expect(() => readSettings({ [name]: value }, relaySettings)).toThrow(name);
  });
  it('want a wss: URL in the public DHT, and room between busy and full', () => {
    const settings = {
      ...readSettings({ TRACKER_DHT_ENABLED: 'true', RELAY_BUSY_LOAD: '0.9' }, relaySettings),
    };
    expect(checkRelaySettings({ ...settings, publicUrl: 'ws://a.example' })).toHaveLength(2);
    expect(checkRelaySettings({ ...settings, busyLoad: 0.8, publicUrl: 'wss://a.example' })).toEqual([]);
  });
});
