// Puts the parts of this service together, in the order in which they start.
import {
  createAddressReader,
  createHealthFile,
  createMetrics,
  createOperations,
  createOperationsServer,
  type Log,
  type Part,
} from '@relay-swarm/kit';
import { randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { performance } from 'node:perf_hooks';
import { askBinding } from './binding-client.ts';
import { createAuthenticate } from './credentials/authenticate.ts';
import { loadSecrets } from './credentials/secrets.ts';
import type { Endpoint, RelayAddress, TurnEngine, TurnEngineOptions } from './engine.ts';
import { engines } from './engines.ts';
import { createIceServers } from './ice-servers/handler.ts';
import { iceUrls } from './ice-servers/ice-urls.ts';
import { createPeerPolicy } from './peer-policy.ts';
import { choosePublicAddress, interfaceAddresses, type PublicAddress } from './public-address.ts';
import type { StunSettings } from './settings.ts';
import { createGauges, registerMetrics } from './telemetry.ts';
import { createTlsReloader, readTlsFiles, type TlsPaths } from './tls-files.ts';

/** A public STUN server answers in a fraction of this, or not at all. */
const DETECT_MS = 3_000;
const TLS_LOOK_MS = 30_000;
/** Addresses in the rate limit's table: about 1 MB. */
const ICE_SERVERS_ADDRESSES_MAX = 10_000;
const CHANNEL_NUMBER_MAX = 0x4fff;
const ALLOCATION_SECONDS_DEFAULT = 600;

export interface Stun {
  readonly parts: readonly Part[];
  readonly engine: TurnEngine;
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
  const hosts = settings.listenAddresses.length > 0 ? settings.listenAddresses : anyAddresses(own);
  const at = (port: number): Endpoint[] => hosts.map((host) => ({ host, port }));
  const options: TurnEngineOptions = {
    udp: at(settings.port),
    tcp: at(settings.port),
    tls: tlsFiles === undefined ? [] : at(settings.tlsPort),
    ...(tlsFiles && { tlsFiles }),
    realm: settings.realm,
    software: '', // nobody has to know
    authenticate: createAuthenticate({ secrets: () => secrets.all, realm: settings.realm, now: Date.now }),
    relayAddresses: relayAddresses(address, own),
    relayPortMin: settings.relayPortMin,
    relayPortMax: settings.relayPortMax,
    peers: { allowed: settings.allowedPeers, denied: settings.deniedPeers },
    limits: settings,
    lifetimes: { ...settings, allocationSecondsDefault: ALLOCATION_SECONDS_DEFAULT },
    proxyProtocolFrom: settings.proxyProtocolFrom,
    channelNumberMax: CHANNEL_NUMBER_MAX,
    log,
    nowMs: () => performance.now(),
    randomBytes,
  };
  const engine = engines[settings.engine](options);
  for (const limit of engine.capabilities.warnings)
    log.warn('limit of this engine', { engine: settings.engine, limit });

  const urls =
    settings.urls.length > 0 ? settings.urls : ownUrls(settings, address, engine, tlsFiles !== undefined);
  log.info('ice servers', { urls });
  const iceServers = createIceServers({
    origins: settings.origins,
    requestsPerMinuteMax: settings.iceServersPerMinuteMax,
    addressesMax: ICE_SERVERS_ADDRESSES_MAX,
    ttlSeconds: settings.credentialTtlSeconds,
    urls: () => urls,
    secret: () => secrets.all[0],
    isDraining: () => engine.stats().isDraining,
    readAddress: createAddressReader(settings.trustedProxies),
    now: Date.now,
    makeName: () => randomBytes(8).toString('hex'),
  });
  const metrics = createMetrics('stun');
  registerMetrics(metrics, engine, iceServers);
  const operations = createOperations(metrics, () =>
    engine.stats().isDraining ? { ok: false, state: 'draining' } : { ok: true, state: 'ok' },
  );
  const http = createOperationsServer(
    (request, response) => iceServers.handle(request, response) || operations(request, response),
    { host: settings.httpHost, port: settings.httpPort, settingName: 'STUN_HTTP_PORT' },
  );
  const tlsReloader =
    tlsPaths &&
    tlsFiles &&
    createTlsReloader(engine, { paths: tlsPaths, loaded: tlsFiles, everyMs: TLS_LOOK_MS, log });
  const healthFile = createHealthFile({
    dataDir: settings.dataDir,
    service: 'stun',
    everyMs: settings.healthSeconds * 1000,
    gauges: createGauges(engine, settings, () => performance.now()),
    log,
  });
  return {
    parts: [engine, ...(tlsReloader ? [tlsReloader] : []), http, healthFile],
    engine,
    reload: async () => {
      await tlsReloader?.reload();
      try {
        secrets = await loadSecrets(settings);
        log.info('secrets read again', { secret: secrets.source, secrets: secrets.all.length });
      } catch (error) {
        log.error('cannot read the secrets again, the old ones stay', { error });
      }
    },
  };
}

async function findPublicAddress(
  settings: StunSettings,
  own: readonly string[],
  log: Log,
): Promise<PublicAddress> {
  const answers = await Promise.allSettled(
    settings.detectServers.map((server) => askBinding(server, { timeoutMs: DETECT_MS })),
  );
  for (const answer of answers) {
    if (answer.status === 'rejected')
      log.warn('cannot ask for the public address', { error: answer.reason as unknown });
  }
  const asked = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.host] : []));
  const isPublic = createPeerPolicy({ allowed: [], denied: [] });
  const found = choosePublicAddress({ given: settings.publicAddresses, asked, own, isPublic });
  log.info('public address', { ipv4: found.ipv4 ?? null, ipv6: found.ipv6 ?? null, source: found.source });
  for (const warning of found.warnings) log.warn(warning);
  return found;
}

function anyAddresses(own: readonly string[]): string[] {
  return own.some(isIPv6) ? ['0.0.0.0', '::'] : ['0.0.0.0'];
}

/**
 * Relay sockets bind to the announced address where it is this machine's, so that peers see packets come from it; behind NAT
 * and on loopback (a container that is published there) to any.
 */
function relayAddresses({ ipv4, ipv6 }: PublicAddress, own: readonly string[]): RelayAddress[] {
  const relay = (announced: string | undefined, any: string): RelayAddress[] => {
    if (announced === undefined) return [];
    const isLoopback = announced === '::1' || announced.startsWith('127.');
    return [{ announced, bind: own.includes(announced) && !isLoopback ? announced : any }];
  };
  return [...relay(ipv4, '0.0.0.0'), ...relay(ipv6, '::')];
}

function ownUrls(
  settings: StunSettings,
  { ipv4, ipv6 }: PublicAddress,
  engine: TurnEngine,
  hasTls: boolean,
): string[] {
  const hosts =
    settings.publicHosts.length > 0 ? settings.publicHosts : [ipv4, ipv6].filter((one) => one !== undefined);
  const { transports } = engine.capabilities;
  return hosts
    .filter((host) => isIPv4(host) || !isIPv6(host) || engine.capabilities.ipv6Listeners)
    .flatMap((host) =>
      iceUrls({
        host,
        port: settings.port,
        tcp: transports.includes('tcp'),
        tlsPort: hasTls ? settings.tlsPort : undefined,
      }),
    );
}

function tlsPathsOf({ tlsCertFile: certFile, tlsKeyFile: keyFile }: StunSettings): TlsPaths | undefined {
  return certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
}
