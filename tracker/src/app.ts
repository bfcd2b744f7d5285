// Puts the tracker together. Opens nothing itself: the parts do, when they are started.
import { randomBytes } from 'node:crypto';
import {
  createHealthFile,
  createMetrics,
  createOperations,
  type Gauges,
  type Log,
  type Part,
} from '@relay-swarm/kit';
import { Admission, createAddressReader, createOriginCheck } from '@relay-swarm/net';
import { createAccessList } from './access/access-list.ts';
import { buildBittorrent, type Bittorrent } from './frontends/bittorrent.ts';
import { Closing, closeSwarms } from './access/access-enforcer.ts';
import { Graffiti } from './frontends/graffiti/graffiti.ts';
import { Keeper } from './transport/keepalive.ts';
import { registerMetrics } from './status/metrics.ts';
import { Receiver } from './transport/frame-router.ts';
import { createRelaySwarm, type RelaySwarm } from './relay/index.ts';
import { answerOEmbed } from './status/o-embed.ts';
import { createRoutes } from './status/routes.ts';
import { createSite } from './status/site.ts';
import type { TrackerSettings } from './settings.ts';
import { createSocketServer, type SocketServer } from './transport/http-server.ts';
import { createStats } from './status/stats.ts';
import { SwarmTable } from './swarm/swarm-table.ts';
import { idToHex } from './frontends/webtorrent/ids.ts';
import { WebTorrent } from './frontends/webtorrent/webtorrent.ts';

const HEALTH_EVERY_MS = 5_000;
/** One fault in ten seconds is forgiven. */
const FAULTS_PER_SECOND = 0.1;

export interface TrackerService {
  /** In the order in which they start. */
  readonly parts: readonly Part[];
  readonly server: SocketServer;
  readonly bittorrent: Bittorrent;
  readonly relays: RelaySwarm;
}

export async function buildTracker(settings: TrackerSettings, log: Log): Promise<TrackerService> {
  const metrics = createMetrics('tracker');
  const swarms = new SwarmTable({
    swarmsMax: settings.swarmsMax,
    swarmsPerLinkMax: settings.swarmsPerConnectionMax,
  });
  const admission = new Admission(settings);
  const accessList = createAccessList({
    allowed: settings.allowedInfoHashes,
    denied: settings.deniedInfoHashes,
    allowFile: settings.allowFile,
    denyFile: settings.denyFile,
    changed: () => closing.start(closeRefused()),
    log,
  });
  const closing = new Closing(setImmediate);
  function* closeRefused(): Generator<void, void> {
    yield* closeSwarms(swarms, bittorrent.hosts, refuse);
    yield* graffiti.closeRefused();
  }
  const refuse = (infoHash: string): string | undefined =>
    accessList.isOpen ? undefined : accessList.refuse(idToHex(infoHash));
  const dice = (limit: number): number => Math.floor(Math.random() * limit);
  const webTorrent = new WebTorrent({
    swarms,
    intervalSeconds: settings.announceIntervalSeconds,
    offersMax: settings.offersMax,
    dice,
    refuse,
    relays: () => betterRelays(relays),
  });
  const graffiti = new Graffiti({
    relayUrl: settings.publicUrl,
    randomHex: (bytes) => randomBytes(bytes).toString('hex'),
    limits: {
      infoHashesMax: settings.swarmsMax,
      announcesPerPeerMax: settings.graffitiAnnouncesMax,
      subscriptionsPerPeerMax: settings.graffitiSubscriptionsMax,
    },
    refuse: (infoHash) => (accessList.isOpen ? undefined : accessList.refuse(infoHash)),
  });
  const keeper = new Keeper(settings);
  const receiver = new Receiver({
    webTorrent,
    graffiti,
    keeper,
    announces: { perSecond: settings.announcesPerSecond, burst: settings.announcesBurst },
    messages: { perSecond: settings.messagesPerSecond, burst: settings.messagesBurst },
    faults: { perSecond: FAULTS_PER_SECOND, burst: settings.faultsMax },
  });
  const gauges = (): Gauges => ({
    connections: admission.open,
    connectionsMax: settings.connectionsMax,
    peers: swarms.peers,
    swarms: swarms.size,
    hosts: bittorrent.hosts.size,
    graffitiPeers: graffiti.peers,
  });
  const readAddress = createAddressReader(settings.trustedProxies);
  const now = (): number => performance.now();
  const isTurningAway = (): boolean => relays.state() === 'full' || relays.state() === 'draining';
  const bittorrent = buildBittorrent({
    ...{ settings, swarms, refuse, isTurningAway, dice, readAddress, now, log },
  });
  const server: SocketServer = createSocketServer({
    settings,
    log,
    swarms,
    receiver,
    keeper,
    admission,
    readAddress,
    isOriginAllowed: createOriginCheck(settings.origins),
    routes: [
      createOperations(metrics, () => ({ ok: relays.state() !== 'draining', state: relays.state() })),
      bittorrent.handle,
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
        stats: settings.stats ? createStats(swarms, () => performance.now()) : undefined,
        roster: () => relays.roster(),
        descriptor: () => relays.descriptor(),
      }),
    ],
    upgradeRelay: (request, socket, head, address) => relays.handleUpgrade(request, socket, head, address),
    isTurningAway,
    roster: () => relays.roster(),
  });
  registerMetrics(metrics, { swarms, webTorrent, graffiti, receiver, keeper, admission, accessList, server });
  bittorrent.registerMetrics(metrics);
  const health = createHealthFile({
    dataDir: settings.dataDir,
    service: 'tracker',
    everyMs: HEALTH_EVERY_MS,
    gauges,
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
  const draining: Part = {
    name: 'draining',
    start: () => Promise.resolve(),
    stop: () => {
      relays.drain(); // before anything closes, so that nobody is sent here any more
      return Promise.resolve();
    },
  };
  return {
    parts: [accessList, server, ...bittorrent.parts, health, relays, draining],
    server,
    bittorrent,
    relays,
  };
}

/** For the reply to a client that asked; nothing while this relay is well. */
function betterRelays(relays: RelaySwarm): string | undefined {
  const better = relays.betterRelays();
  return better.length === 0 ? undefined : `"relays":${JSON.stringify(better)}`;
}
