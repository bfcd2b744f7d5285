// Puts the tracker together. Opens nothing itself: the parts do, when they are started.
// Long because every part is named here, once, with what it needs of the others.
import { randomBytes } from 'node:crypto';
import { createHealthFile, createMetrics, createOperations, type Log, type Part } from '@relay-swarm/kit';
import type { ServiceGauges } from '@relay-swarm/protocol';
import {
  AddressBuckets,
  Admission,
  type ByteBudget,
  createAddressReader,
  createBudget,
  createInsiderCheck,
  createOriginCheck,
  HttpDoor,
  isTurnOver,
  Payments,
  registerBudget,
  rejectUpgrade,
} from '@relay-swarm/net';
import { SocketMemory } from '@relay-swarm/net/socket-memory';
import { createAccessList } from './access/access-list.ts';
import { AccessEnforcer, closeSwarms } from './access/access-enforcer.ts';
import { FrameMemory } from './frames/frame-memory.ts';
import { createAnnounceInterval } from './frontends/announce-interval.ts';
import { buildBittorrent, type Bittorrent } from './frontends/bittorrent.ts';
import { Graffiti } from './frontends/graffiti/graffiti.ts';
import { idToHex } from './frontends/webtorrent/ids.ts';
import { WebTorrent } from './frontends/webtorrent/webtorrent.ts';
import { createRelaySwarm, type RelaySwarm } from '@relay-swarm/relay-swarm';
import type { TrackerSettings } from './settings.ts';
import { registerMetrics } from './status/metrics.ts';
import { answerOEmbed } from './status/o-embed.ts';
import { createRoutes } from './status/routes.ts';
import { createSite } from './status/site.ts';
import { History, HISTORY_PERIOD_SECONDS } from './status/history.ts';
import { record } from './status/record.ts';
import { PeerStatistics } from './status/stats.ts';
import { SwarmTable } from './swarm/swarm-table.ts';
import { createTicks } from './ticks.ts';
import type { Connection } from './transport/connection.ts';
import { FrameRouter } from './transport/frame-router.ts';
import { createHttpServer, type HttpServer } from './transport/http-server.ts';
import { Keepalive } from './transport/keepalive.ts';
import { SocketErrors } from './transport/socket-errors.ts';
import { UnreadResponses } from './transport/unread-responses.ts';
import { UpgradeGate } from './transport/upgrade-gate.ts';
import { WebSockets } from './transport/web-sockets.ts';

const HEALTH_EVERY_MS = 5_000;
/** What all connections of an address may ask for beyond ordinary messages: as much as this many connections may send. */
const ADDRESS_SHARE = 20;
/** It may ask for a quarter of that at once, since other clients wait while it is done. */
const ADDRESS_BURSTS_PER_SECOND = 4;
/** What an address pays for what it sends: this many bytes cost as much as a message, and each piece costs, since it wakes this process. */
const BYTES_PER_MESSAGE = 1_024;
const PIECE_COST = 0.5;
/** A plain request, and how many connections of an address may be open for them. */
const REQUEST_COST = 8;
const HTTP_PER_ADDRESS_MAX = 200;
/** An idle connection: half of the memory that it takes, since everything counts half in the budget (budget-of-service.ts). */
const CONNECTION_BYTES = 5_000;
/** One fault in ten seconds is forgiven. */
const FAULTS_PER_SECOND = 0.1;

export interface TrackerService {
  /** In the order in which they start. */
  readonly parts: readonly Part[];
  readonly server: HttpServer;
  readonly webSockets: WebSockets;
  readonly gate: UpgradeGate;
  readonly bittorrent: Bittorrent;
  readonly budget: ByteBudget;
  readonly relays: RelaySwarm;
}

export async function buildTracker(settings: TrackerSettings, log: Log): Promise<TrackerService> {
  const metrics = createMetrics('tracker');
  const budget = createBudget(settings.budgetBytesMax);
  const statistics = settings.stats ? new PeerStatistics() : undefined;
  const swarms = new SwarmTable(
    {
      swarmsMax: settings.swarmsMax,
      swarmsPerLinkMax: settings.swarmsPerConnectionMax,
      peersMax: settings.peersMax,
      peersPerAddressMax: settings.peersPerAddressMax,
    },
    statistics,
  );
  const admission = new Admission(settings);
  const accessList = createAccessList({
    allowed: settings.allowedInfoHashes,
    denied: settings.deniedInfoHashes,
    allowFile: settings.allowFile,
    denyFile: settings.denyFile,
    changed: () => closing.start(closeRefused()),
    log,
  });
  const closing = new AccessEnforcer(setImmediate);
  function* closeRefused(): Generator<void, void> {
    yield* closeSwarms(swarms, bittorrent.ipPeers, refuse);
    yield* graffiti.closeRefused();
  }
  const refuse = (infoHash: string): string | undefined =>
    accessList.isOpen ? undefined : accessList.refuse(idToHex(infoHash));
  const randomInt = (limit: number): number => Math.floor(Math.random() * limit);
  const memory = new FrameMemory();
  const intervalAt = createAnnounceInterval(settings, performance.now());
  const cluster =
    settings.clusterUrl.length === 0
      ? undefined
      : await (await clusterModule()).createTrackerCluster({ settings, gauges: () => own(), log, metrics });
  const webTorrent = new WebTorrent({
    swarms,
    memory,
    announces: { perSecond: settings.announcesPerSecond, burst: settings.announcesBurst },
    intervalSeconds: () => intervalAt(performance.now()),
    offersMax: settings.offersMax,
    randomInt,
    refuse,
    relays: () => betterRelays(relays),
    mayBeAnswered: (peer, nowMs) => cluster?.mayBeAnswered(peer, nowMs) === true,
  });
  const graffiti = new Graffiti({
    relayUrl: settings.publicUrl,
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    limits: {
      infoHashesMax: settings.swarmsMax,
      announcesPerPeerMax: settings.graffitiAnnouncesMax,
      subscriptionsPerPeerMax: settings.graffitiSubscriptionsMax,
      perAddressMax: settings.peersPerAddressMax,
    },
    refuse: (infoHash) => (accessList.isOpen ? undefined : accessList.refuse(infoHash)),
    nextTurn: setImmediate,
  });
  const addressWork = new AddressBuckets({
    perSecond: ADDRESS_SHARE * settings.messagesPerSecond,
    burst: (ADDRESS_SHARE * settings.messagesPerSecond) / ADDRESS_BURSTS_PER_SECOND,
    debtMax: 30 * ADDRESS_SHARE * settings.messagesPerSecond,
  });
  const payments = new Payments<Connection>({
    own: { perSecond: settings.messagesPerSecond, burst: settings.messagesBurst },
    addresses: addressWork,
    bytesPerMessage: BYTES_PER_MESSAGE,
    ownBytesPerMessage: Infinity,
    pieceCost: PIECE_COST,
    monotonicMs: () => performance.now(),
    isTurnOver,
  });
  const keepalive = new Keepalive(settings);
  const router = new FrameRouter({
    frontends: cluster?.frontends({ webTorrent, graffiti, swarms, budget, refuse }) ?? [graffiti, webTorrent],
    hasSpoken: (connection) => keepalive.hasSpoken(connection),
    payments,
    faults: { perSecond: FAULTS_PER_SECOND, burst: settings.faultsMax },
    monotonicMs: () => performance.now(),
  });
  const clientMemory = new SocketMemory<Connection>({
    budget,
    unfinishedMsMax: settings.firstFrameSeconds * 1_000,
    connectionBytes: CONNECTION_BYTES,
  });
  const errors = new SocketErrors();
  const webSockets = new WebSockets({
    ...{ limits: settings, payments, memory, router, keepalive },
    ...{ clientMemory, addressWork, admission, errors, log },
  });
  const own = () => ({
    connections: admission.open,
    connectionsMax: settings.connectionsMax,
    peers: swarms.peers,
  });
  const gauges = (): ServiceGauges => (cluster === undefined ? own() : sum(own(), cluster.sumOfOthers()));
  const readAddress = createAddressReader(settings.trustedProxies);
  const monotonicMs = (): number => performance.now();
  const rejectsNewcomers = (): boolean => relays.state() === 'full' || relays.state() === 'draining';
  const bittorrent = buildBittorrent({
    ...{
      settings,
      swarms,
      budget,
      statistics,
      refuse,
      rejectsNewcomers,
      randomInt,
      readAddress,
      monotonicMs,
      cluster,
      log,
    },
  });
  const gate = new UpgradeGate({
    admission,
    budget,
    readAddress,
    owedMs: (addressKey) => addressWork.owedMs(addressKey, performance.now()),
    isOriginAllowed: createOriginCheck(settings.origins),
    upgradeRelay: (request, socket, head, address) =>
      settings.trackerRole === 'node'
        ? rejectUpgrade(socket, 'not_found', { message: 'Another node of this domain is the relay' })
        : relays.handleUpgrade(request, socket, head, address),
    rejectsNewcomers,
    roster: () => relays.roster(),
    random: () => randomInt(1_000) / 1_000,
    accept: webSockets.accept,
  });
  const door = new HttpDoor({
    ...{
      addresses: addressWork,
      bytesPerMessage: BYTES_PER_MESSAGE,
      pieceCost: PIECE_COST,
      monotonicMs,
      isTurnOver,
    },
    requestCost: REQUEST_COST,
    connectionsPerAddressMax: settings.connectionsPerAddressMax + HTTP_PER_ADDRESS_MAX,
    trustedProxies: settings.trustedProxies,
  });
  const server = createHttpServer({
    settings,
    door,
    readAddress,
    gate,
    webSockets,
    unread: new UnreadResponses(budget, readAddress),
    answerTo: (request) => bittorrent.http.answerTo(request),
    errors,
    log,
    routes: [
      createOperations(
        metrics,
        () => ({ ok: relays.state() !== 'draining', state: relays.state() }),
        createInsiderCheck(settings.trustedProxies),
      ),
      bittorrent.http.handle,
      answerOEmbed,
      ...(settings.siteDir === '' ? [] : [createSite(settings.siteDir)]),
      createRoutes({
        publicUrl: settings.publicUrl,
        facts: () => ({
          connections: admission.open,
          torrents: swarms.size,
          peers: swarms.peers,
          hasStats: settings.stats,
          hasHttpAnnounce: true,
        }),
        stats: statistics && (() => statistics.stats(swarms.size)),
        torrent: (infoHash) => {
          const { complete = 0, incomplete = 0, downloaded = 0 } = swarms.find(infoHash) ?? {};
          return { complete, incomplete, downloaded };
        },
        history: settings.stats ? () => history.answer() : undefined,
        roster: (ranked) => relays.roster(ranked),
        descriptor: () => relays.descriptor(),
      }),
    ],
  });
  const keepingAlive = createTicks('keepalive', 1_000, (nowMs) => {
    keepalive.tick(nowMs);
    clientMemory.tick(nowMs);
    addressWork.tick(nowMs);
  });
  const expiry = createTicks('peer-expiry', 1_000, (nowMs) =>
    swarms.expire(nowMs - settings.peerTtlSeconds * 1000),
  );
  registerMetrics(metrics, {
    swarms,
    statistics,
    webTorrent,
    graffiti,
    router,
    keepalive,
    admission,
    accessList,
    server,
    webSockets,
    gate,
    errors,
    clientMemory,
  });
  registerBudget(metrics, budget);
  door.register(metrics);
  bittorrent.registerMetrics(metrics);
  const health = createHealthFile({
    dataDir: settings.dataDir,
    service: 'tracker',
    everyMs: HEALTH_EVERY_MS,
    gauges,
    isDraining: () => relays.state() === 'draining',
    log,
  });
  const relays: RelaySwarm = await createRelaySwarm({
    settings,
    publicUrl: settings.publicUrl,
    dataDir: settings.dataDir,
    port: () => server.port,
    log,
    metrics,
    health: () => health.latest(),
  });
  const history = new History();
  const recording = createTicks('history', HISTORY_PERIOD_SECONDS * 1000, () =>
    record(history, {
      dataDir: settings.dataDir,
      own: () => ({ peers: swarms.peers, swarms: swarms.size }),
      relays: () => relays.roster().relays,
    }),
  );
  const draining: Part = {
    name: 'draining',
    start: () => Promise.resolve(),
    stop: () => {
      relays.drain(); // before anything closes, so that no more clients are sent here
      cluster?.drain();
      return Promise.resolve();
    },
  };
  // One node is the relay; the others write nothing that the first one writes.
  const relayParts = settings.trackerRole === 'relay' ? [health, relays] : [];
  const clusterParts = cluster === undefined ? [] : cluster.parts;
  return {
    parts: [
      ...[...clusterParts, accessList, server, keepingAlive, expiry],
      ...[...bittorrent.parts, ...relayParts, recording, draining],
    ],
    server,
    webSockets,
    gate,
    bittorrent,
    budget,
    relays,
  };
}

/** What joins several nodes is loaded where there are some: its library takes 3 MB. */
const clusterModule = () => import('./cluster/tracker-cluster.ts');

/** Of this node and all others. */
function sum(own: Record<string, number>, others: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, value + (others[name] ?? 0)]));
}

/** For the reply to a client that asked; nothing while this relay is well. */
function betterRelays(relays: RelaySwarm): string | undefined {
  const better = relays.betterRelays();
  return better.length === 0 ? undefined : `"relays":${JSON.stringify(better)}`;
}
