// Puts the parts of this service together, in the order in which they start.
import {
  createHealthFile,
  createMetrics,
  createOperations,
  createOperationsServer,
  memoryLimitBytes,
  type Log,
  type Part,
} from '@relay-swarm/kit';
import {
  AddressBuckets,
  createAddressReader,
  createBudget,
  createInsiderCheck,
  HttpDoor,
  isTurnOver,
  limitKey,
  type Rate,
  registerBudget,
  sendRefusal,
} from '@relay-swarm/net';
import { interfaceAddresses } from '@relay-swarm/net/own-addresses';
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { performance } from 'node:perf_hooks';
import { loadSecrets } from './auth/secrets.ts';
import type { Transport, TurnEngine } from './engine.ts';
import { engineOptions, limitsOf } from './engine-options.ts';
import { engines } from './engines.ts';
import { createIceServers } from './ice-servers/handler.ts';
import { iceUrls } from './ice-servers/ice-urls.ts';
import { findPublicAddress, type PublicAddress } from './public-address.ts';
import type { StunSettings } from './settings.ts';
import { gaugesOf, registerMetrics, registerWorkers } from './telemetry.ts';
import { budgetOfWorkers } from './workers/sum.ts';
import { createWorkersEngine } from './workers/workers-engine.ts';
import { createTlsReloader, readTlsFiles, type TlsPaths } from './listeners/tls-files.ts';

const TLS_LOOK_MS = 30_000;
/** One more process without clients. */
const WORKER_BYTES = 64 * 1_048_576;
/** Addresses in the rate limit's table: about 1 MB. */
const ICE_SERVERS_ADDRESSES_MAX = 10_000;

/** Plain requests of one address: at once, and then in each second. Credentials have a rate of their own. */
const REQUESTS: Rate = { perSecond: 200, burst: 200 };
const REQUEST_BYTES = 1_024;
const HTTP_CONNECTIONS_PER_ADDRESS_MAX = 200;

export interface Stun {
  readonly parts: readonly Part[];
  readonly engine: TurnEngine;
  readonly http: Server;
  /** Reads secrets and certificate again. */
  reload(): Promise<void>;
}

export async function buildStun(settings: StunSettings, log: Log): Promise<Stun> {
  const own = interfaceAddresses();
  let secrets = await loadSecrets(settings);
  log.info('credentials', { secret: secrets.source, secrets: secrets.all.length });
  const address = await findPublicAddress(settings, own, log);
  const tlsPaths = tlsPathsOf(settings);
  const tlsFiles = tlsPaths && (await readTlsFiles(tlsPaths));

  const { workers: count } = settings;
  const memoryBytes = memoryLimitBytes() - (count > 1 ? count * WORKER_BYTES : 0);
  const budget = createBudget(settings.budgetBytesMax, memoryBytes);
  const found = { address, own, tlsFiles, secrets: () => secrets.all, budget };
  const workers = count > 1 ? createWorkersEngine(settings, found, log) : undefined;
  const engine = workers ?? engines[settings.engine](engineOptions(settings, found, log));
  for (const limit of engine.capabilities.warnings) {
    log.warn('limit of this engine', { engine: settings.engine, limit });
  }
  const tlsReloader =
    tlsPaths &&
    tlsFiles &&
    createTlsReloader(engine, { paths: tlsPaths, loaded: tlsFiles, everyMs: TLS_LOOK_MS, log });

  const readAddress = createAddressReader(settings.trustedProxies);
  const iceServers = createIceServers({
    origins: settings.origins,
    requestsPerMinuteMax: settings.iceServersPerMinuteMax,
    addressesMax: ICE_SERVERS_ADDRESSES_MAX,
    ttlSeconds: settings.credentialTtlSeconds,
    urls: () => (settings.urls.length > 0 ? settings.urls : ownUrls(settings, address, engine)),
    secret: () => secrets.all[0],
    isDraining: () => engine.stats().isDraining,
    readAddress,
    wallClockMs: Date.now,
    makeName: () => randomBytes(8).toString('hex'),
  });
  const metrics = createMetrics('stun');
  registerMetrics(metrics, engine, iceServers);
  registerBudget(metrics, workers === undefined ? budget : budgetOfWorkers(budget.bytesMax, workers.budgets));
  if (workers !== undefined) registerWorkers(metrics, workers);
  const door = new HttpDoor({
    addresses: new AddressBuckets(REQUESTS),
    pieceCost: 0.5,
    bytesPerMessage: REQUEST_BYTES,
    requestCost: 1,
    connectionsPerAddressMax: HTTP_CONNECTIONS_PER_ADDRESS_MAX,
    trustedProxies: settings.trustedProxies,
    monotonicMs: () => performance.now(),
    isTurnOver,
  });
  door.register(metrics);
  const operations = createOperations(
    metrics,
    () => (engine.stats().isDraining ? { ok: false, state: 'draining' } : { ok: true, state: 'ok' }),
    createInsiderCheck(settings.trustedProxies),
  );
  const http = createOperationsServer(
    (request, response) => {
      if (!door.admits(limitKey(readAddress(request)))) {
        sendRefusal(response, 'address_rate', { random: Math.random() });
        return true;
      }
      return iceServers.handle(request, response) || operations(request, response);
    },
    { host: settings.httpHost, port: settings.httpPort, settingName: 'STUN_HTTP_PORT' },
  );
  door.watch(http.server);
  const healthFile = createHealthFile({
    dataDir: settings.dataDir,
    service: 'stun',
    everyMs: settings.healthSeconds * 1000,
    gauges: () => gaugesOf(engine, limitsOf(settings)),
    isDraining: () => engine.stats().isDraining,
    log,
  });
  return {
    parts: [engine, ...(tlsReloader ? [tlsReloader] : []), http, healthFile],
    engine,
    http: http.server,
    reload: async () => {
      await tlsReloader?.reload();
      try {
        secrets = await loadSecrets(settings);
        engine.reloadSecrets?.();
        log.info('secrets read again', { secret: secrets.source, secrets: secrets.all.length });
      } catch (error) {
        log.error('cannot read the secrets again, the old ones stay', { error });
      }
    },
  };
}

/** Every listener under every name; the ports are those that the engine has in the end. */
function ownUrls({ publicHosts }: StunSettings, { ipv4, ipv6 }: PublicAddress, engine: TurnEngine): string[] {
  const listening = engine.listening();
  const portOf = (transport: Transport): number | undefined =>
    listening.find((one) => one.transport === transport)?.port;
  const ports = { udp: portOf('udp'), tcp: portOf('tcp'), tls: portOf('tls') };
  const hosts = publicHosts.length > 0 ? publicHosts : [ipv4, ipv6].filter((one) => one !== undefined);
  return hosts
    .filter((host) => engine.capabilities.ipv6Listeners || !isIPv6(host))
    .flatMap((host) => iceUrls(host, ports));
}

function tlsPathsOf({ tlsCertFile: certFile, tlsKeyFile: keyFile }: StunSettings): TlsPaths | undefined {
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}
