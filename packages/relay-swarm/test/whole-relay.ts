// A whole relay swarm part on real sockets, with a small HTTP server in front of it, for tests.
import { createMetrics, readSettings, silentLog } from '@relay-swarm/kit';
import type { ServiceHealth } from '@relay-swarm/protocol';
import { decodeRoster, type Roster } from '@relay-swarm/protocol';
import { Client } from 'bittorrent-dht';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRelaySwarm, relaySettings, type RelaySwarm } from '../src/index.ts';

export interface WholeRelay {
  readonly url: string;
  readonly origin: string;
  readonly dir: string;
  readonly swarm: RelaySwarm;
  roster(): Promise<Roster>;
  /** The metric's value. */
  metric(name: string): Promise<number>;
  /** Keeps the files. */
  stop(): Promise<void>;
}

export interface WholeRelayOptions {
  readonly env?: Record<string, string>;
  /** Of a relay that ran before. */
  readonly dir?: string;
  readonly port?: number;
  readonly health?: () => ServiceHealth | undefined;
}

const dirs: string[] = [];
const running = new Set<WholeRelay>();

export async function startRelay(options: WholeRelayOptions = {}): Promise<WholeRelay> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'relay-')));
  dirs.push(dir);
  const server = createServer();
  const port = await listen(server, options.port ?? 0);
  const url = `ws://127.0.0.1:${port}`;
  const settings = readSettings(
    {
      IDENTITY_DIR: join(dir, 'identity'),
      RELAY_ALLOW_PRIVATE: 'true',
      RELAY_STATUS_SECONDS: '1',
      ...options.env,
    },
    relaySettings,
  );
  const metrics = createMetrics('tracker');
  const swarm = await createRelaySwarm({
    settings,
    publicUrl: url,
    dataDir: join(dir, 'data'),
    port: () => port,
    log: silentLog,
    metrics,
    health: options.health ?? (() => undefined),
  });
  server.on('request', (request, response) => {
    if (request.url === '/relays.json') response.end(JSON.stringify(swarm.roster()));
    else if (request.url === '/.well-known/relay-swarm') response.end(JSON.stringify(swarm.descriptor()));
    else response.writeHead(404).end();
  });
  server.on('upgrade', (request, socket, head) => {
    swarm.handleUpgrade(request, socket, head, request.socket.remoteAddress ?? '');
  });
  const relay: WholeRelay = {
    url,
    origin: `http://127.0.0.1:${port}`,
    dir,
    swarm,
    roster: async () => decodeRoster(await (await fetch(`http://127.0.0.1:${port}/relays.json`)).text()),
    metric: async (name) => Number(new RegExp(`^tracker_${name} (.*)$`, 'm').exec(await metrics.text())?.[1]),
    stop: async () => {
      if (!running.delete(relay)) return;
      await swarm.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  running.add(relay); // before the start, which may fail: stopRelays() closes the server then, too
  await swarm.start();
  return relay;
}

/** For afterEach: nothing stays. */
export async function stopRelays(): Promise<void> {
  await Promise.all([...running].map((relay) => relay.stop()));
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
}

/** Whether each of the relays has all of them, and nobody else, in its roster. */
export async function isComplete(relays: readonly WholeRelay[]): Promise<boolean> {
  const urls = relays
    .map(({ url }) => url)
    .sort()
    .join();
  const rosters = await Promise.all(relays.map((relay) => relay.roster()));
  return rosters.every(
    (roster) =>
      roster.relays
        .map(({ url }) => url)
        .sort()
        .join() === urls,
  );
}

/** A DHT node of our own on loopback: the whole of a private DHT to begin with. */
export async function startDhtNode(): Promise<{
  readonly address: string;
  readonly client: Client;
  stop(): Promise<void>;
}> {
  const client = new Client({ bootstrap: false });
  await new Promise<void>((resolve) => client.listen(0, '127.0.0.1', resolve));
  return {
    client,
    address: `127.0.0.1:${client.address().port}`,
    stop: () => new Promise((resolve) => client.destroy(resolve)),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
