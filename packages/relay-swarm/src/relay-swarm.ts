// The relay swarm, as the rest of the tracker sees it: puts its parts together and hands them clock, random numbers, files and sockets.
import { writeJsonFile, type Log, type Metrics, type Part } from '@relay-swarm/kit';
import { createAddressGuard, rejectUpgrade } from '@relay-swarm/net';
import type { RelayState, Roster, RosterRelay, ServiceHealth, SignedDescriptor } from '@relay-swarm/protocol';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createDiscovery } from './discovery/discovery.ts';
import { OwnAddresses } from './discovery/own-addresses.ts';
import { fetchDescriptor } from './discovery/fetch-descriptor.ts';
import { loadIdentity, verifySignature } from './proof/identity.ts';
import { EXPLAINED_MAX, RELAY_TABLE_FILE, type RelayTableFile } from './files/relay-table-file.ts';
import { LatestFiles } from './files/latest-files.ts';
import { LoadState } from './health/load.ts';
import { registerRelayMetrics } from './metrics.ts';
import { RelayNode } from './relay-node.ts';
import { mergeHealth, readOthers } from './health/health-aggregator.ts';
import { isPublicHost } from './discovery/public-host.ts';
import { betterThan, type RankedQuery } from './roster/roster.ts';
import { readStateFile, writeStateFile } from './files/state-file.ts';
import { createDescriptorSigner } from './proof/descriptor-signer.ts';
import type { RelaySettings } from './settings.ts';
import { createWireAcceptor } from './sessions/accept-wire.ts';
import { dialWire } from './sessions/wire.ts';

export interface RelaySwarmOptions {
  readonly settings: RelaySettings;
  /** TRACKER_PUBLIC_URL; where there is none, the relay is known as ws://localhost. */
  readonly publicUrl: string | undefined;
  readonly dataDir: string;
  /** The port on which the tracker listens; may be 0 until `start()`. */
  readonly port: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The tracker's own last snapshot (HealthFile.latest). Its gauges that count here: connections, connectionsMax, peers. */
  readonly health: () => ServiceHealth | undefined;
  readonly wallClockMs?: () => number;
  readonly random?: () => number;
}

/** Start it once the server listens, for it announces the port; `drain()` it before the server closes its connections. */
export interface RelaySwarm extends Part {
  /** For `GET /relay` with an upgrade; `address` is the client's, proxies seen through. Answers refusals itself. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, address: string): void;
  /** What /.well-known/relay-swarm answers. */
  descriptor(): SignedDescriptor;
  /** What /relays.json answers, and the body of a 503. */
  roster(ranked?: RankedQuery): Roster;
  /** Relays that are better off, for a reply to `"relays":true`. Empty while this one is `ok`. */
  betterRelays(): readonly RosterRelay[];
  state(): RelayState;
  /** What the DHT yields, in words. */
  discoveryState(): string;
  /** Tells the other relays that this one is about to stop, and takes it off its own roster. */
  drain(): void;
}

const TICK_MS = 1_000;
const SAVE_MS = 60_000;
const BETTER_MAX = 8;

/** Loads the key and the state files; opens nothing before `start()`. */
export async function createRelaySwarm(options: RelaySwarmOptions): Promise<RelaySwarm> {
  const { settings, dataDir, log, metrics, port } = options;
  const wallClockMs = options.wallClockMs ?? Date.now;
  const monotonicMs = (): number => Math.floor(performance.timeOrigin + performance.now());
  const random = options.random ?? Math.random;
  const { allowPrivate, candidatesMax } = settings;
  const periodMs = settings.statusSeconds * 1000;

  const self = await loadIdentity(settings.identityDir);
  const saved = await readStateFile(dataDir, SAVED_BYTES_PER_RELAY_MAX * candidatesMax);
  const ownUrl = (): string =>
    new URL(options.publicUrl ?? `ws://localhost:${port()}`).href.replace(/\/$/, '');
  const signer = createDescriptorSigner({ self, settings, url: ownUrl, wallClockMs });
  const ownAddresses = new OwnAddresses(() => new URL(ownUrl()).hostname, settings.publicAddresses);
  const guard = createAddressGuard({ allowPrivate, own: () => ownAddresses.all() });
  const acceptor = createWireAcceptor();
  const loadState = new LoadState(settings);

  const node = new RelayNode(
    {
      ...settings,
      self,
      periodMs,
      retryMsMax: settings.retrySecondsMax * 1000,
      verify: verifySignature,
      isPublicHost,
      network: {
        fetchDescriptor: (origin) => fetchDescriptor(origin, guard),
        dial: (url, opened) => dialWire(url, guard, opened),
      },
      nonce: () => randomBytes(32).toString('hex'),
      ...{ monotonicMs, wallClockMs, random, log },
    },
    signer.describe(),
    signer.report('ok', 0, mergeHealth(undefined, new Map(), wallClockMs()).health),
  );
  node.restore(saved.relays);
  for (const url of settings.bootstrap) node.addCandidate(url, 'bootstrap');

  const discovery = createDiscovery({
    ...settings,
    bootstrap: settings.dhtBootstrap,
    nodes: saved.nodes,
    publicIpv4: () => ownAddresses.publicIpv4(),
    announcedPort: () => (settings.announcedPort === 0 ? port() : settings.announcedPort),
    lookupMs: settings.lookupSeconds * 1000,
    found: ({ host, port: at }) => node.addCandidate(`http://${host}:${at}`, 'dht'),
    ...{ random, log },
  });

  let isDraining = false;
  const state = (): RelayState => (isDraining ? 'draining' : loadState.state);

  const files = new LatestFiles(log);
  const file = (name: string): string => join(dataDir, name);
  const saveDescriptor = (): void =>
    files.write('descriptor', () => writeJsonFile(file('descriptor.json'), node.descriptor));
  const saveCandidates = (): void =>
    files.write('candidates', () =>
      writeStateFile(dataDir, { relays: node.save(), nodes: discovery.nodes() }),
    );
  const saveTable = (): void =>
    files.write('relay-table', () => {
      const { sessions, membership } = node;
      const { table, unproven, down } = membership;
      const counts = { members: table.size, sessions, unproven: unproven.size, down: down.size };
      const content: RelayTableFile = {
        writtenAt: wallClockMs(),
        ...counts,
        relays: node.explain(EXPLAINED_MAX),
      };
      return writeJsonFile(file(RELAY_TABLE_FILE), content);
    });
  let rosterWritten = '';
  let rosterWrittenAtMs = 0;
  const saveRoster = (): void => {
    const roster = node.roster();
    // Ages change with every second; the file is written for them only once a period
    const news = JSON.stringify(roster.relays.map((relay) => ({ ...relay, ageSeconds: 0 })));
    if (news === rosterWritten && monotonicMs() - rosterWrittenAtMs < periodMs) return;
    rosterWritten = news;
    rosterWrittenAtMs = monotonicMs();
    files.write('roster', () => writeJsonFile(file('roster.json'), roster));
  };

  const report = async (): Promise<void> => {
    const others = await readOthers(dataDir);
    const merged = mergeHealth(options.health(), others, wallClockMs());
    const before = loadState.state;
    loadState.update(merged.sample);
    if (loadState.state !== before) log.info('load', { state: loadState.state, load: loadState.load });
    node.setHealth(signer.report(state(), loadState.load, merged.health));
  };

  let reportedAtMs = -Infinity;
  let savedAtMs = monotonicMs();
  const tick = (): void => {
    const nowMs = monotonicMs();
    if (signer.isDue(node.descriptor) || node.takeVouchedFor()) {
      node.setDescriptor(signer.describe());
      saveDescriptor();
    }
    if (nowMs - reportedAtMs >= periodMs) {
      reportedAtMs = nowMs;
      files.retry();
      report().catch((error: unknown) => log.error('cannot tell how this relay is', { error }));
    }
    node.tick();
    saveRoster();
    if (nowMs - savedAtMs < SAVE_MS) return;
    savedAtMs = nowMs;
    if (!allowPrivate) void ownAddresses.refresh();
    saveCandidates();
    saveTable();
  };

  registerRelayMetrics(metrics, { node, discovery, load: () => loadState.load, state });
  let timer: NodeJS.Timeout | undefined;
  return {
    name: 'relay-swarm',
    start: async () => {
      log.info('this relay', { id: self.id, url: ownUrl(), swarm: settings.swarm });
      node.setDescriptor(signer.describe());
      saveDescriptor();
      if (!allowPrivate) void ownAddresses.refresh();
      if (settings.dhtEnabled) await discovery.start();
      tick();
      timer = setInterval(tick, TICK_MS);
    },
    stop: async () => {
      if (timer === undefined) return;
      clearInterval(timer);
      node.stop();
      saveCandidates();
      saveRoster();
      if (settings.dhtEnabled) await discovery.stop();
      await files.done();
    },
    handleUpgrade: (request, socket, head, address) => {
      // A browser says where its page is from, a relay does not: a page must not connect from its visitors' addresses
      if (request.headers.origin !== undefined) rejectUpgrade(socket, 'relays_only');
      else if (isDraining) rejectUpgrade(socket, 'draining', { more: node.roster() });
      else if (!node.admits(address)) rejectUpgrade(socket, 'relays_full');
      else acceptor.accept(request, socket, head, address, node.accepted);
    },
    descriptor: () => node.descriptor,
    roster: (ranked) => node.roster(ranked),
    betterRelays: () => (state() === 'ok' ? [] : betterThan(node.roster(), state(), BETTER_MAX, random)),
    state,
    discoveryState: () =>
      settings.dhtEnabled ? discovery.state() : 'the DHT is switched off (TRACKER_DHT_ENABLED)',
    drain: () => {
      if (isDraining) return;
      isDraining = true;
      node.setHealth(signer.report('draining', loadState.load, node.health));
      saveRoster();
    },
  };
}

const SAVED_BYTES_PER_RELAY_MAX = 16_384;
