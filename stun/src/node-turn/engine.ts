// node-turn as a TurnEngine: its sockets, with our guards before and behind them.
import { explainListenError, SettingsError } from '@relay-swarm/kit';
import { listenedAddresses } from '@relay-swarm/net/own-addresses';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { askBinding } from '../stun/binding-client.ts';
import type { Endpoint, ListeningAddress, TurnEngine, TurnEngineOptions, TurnStats } from '../engine.ts';
import { countsNow, createCounters, type Counters } from '../turn/counters.ts';
import { CLASS, METHOD } from '../stun/constants.ts';
import { capabilities } from './capabilities.ts';
import { createLibrary, type OnMessage } from './library.ts';
import { RequestGuard } from './request-guard.ts';
import type { AllocationOwners } from './allocation-owners.ts';

/** How long our own sockets may take to answer. */
const PROOF_MS = 3_000;
const CHANNEL_LENGTH_AT = 2;
/** In a Data indication of node-turn: behind the header, the IPv4 peer and DATA's type. */
const DATA_LENGTH_AT = 20 + 12 + 2;
const DATA_INDICATION = METHOD.data | CLASS.indication;

export function createNodeTurnEngine(options: TurnEngineOptions): TurnEngine {
  // On 0.0.0.0 it would answer from the address that the kernel prefers, not from the one that was asked.
  const hosts = listenedAddresses(
    options.udp.map(({ host }) => host),
    options.ownAddresses(),
  ).filter(isIPv4);
  const udp = hosts.map((host) => ({ host, port: options.udp[0]!.port }));
  const relay = options.relayHosts.find(({ announced }) => isIPv4(announced));
  if (udp.length === 0 || relay === undefined) {
    throw new SettingsError(
      'Cannot use node-turn: it speaks IPv4 only, and wants an IPv4 address to listen on and one to announce',
    );
  }
  if (new Set(options.udp.map(({ port }) => port)).size > 1) {
    throw new SettingsError('Cannot use node-turn: it listens on one port for all addresses');
  }
  const counters = createCounters();
  const requestGuard = new RequestGuard(options, relay.announced, counters);
  const library = createLibrary(
    { ...options, udp, relay, log: (message) => options.log.debug('node-turn says', { says: message }) },
    requestGuard,
  );
  let sockets: readonly Socket[] = [];

  const stop = async (): Promise<void> => {
    const open = sockets;
    sockets = [];
    const closed = open.map((socket) => once(socket, 'close'));
    requestGuard.owners.close();
    if (open.length > 0) library.stop();
    await Promise.all(closed);
  };

  return {
    name: 'turn',
    capabilities,
    start: async () => {
      sockets = library.start();
      sockets.forEach((socket, index) => standBetween(socket, udp[index]!, requestGuard, counters));
      try {
        await Promise.all(sockets.map((socket, index) => listening(socket, udp[index]!)));
        await Promise.all(sockets.map((socket) => proveListening(socket)));
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
    listening: (): readonly ListeningAddress[] =>
      sockets.map((socket) => ({
        transport: 'udp',
        host: socket.address().address,
        port: socket.address().port,
      })),
    stats: () => statsOf(requestGuard.owners, counters),
    drain: () => {
      requestGuard.owners.isDraining = true;
    },
    reloadTls: () => undefined,
  };
}

/** Puts the guard between the socket and node-turn's listener, and sees to it that sending never throws. */
function standBetween(
  socket: Socket,
  { host, port }: Endpoint,
  requestGuard: RequestGuard,
  counters: Counters,
): void {
  const [toLibrary] = socket.listeners('message') as [OnMessage];
  const send = socket.send.bind(socket) as (
    data: Buffer,
    port: number,
    address: string,
    sent?: unknown,
  ) => void;
  let isClosed = false;
  const guardedSend = (data: Buffer, toPort: number, address: string, sent?: unknown): void => {
    if (isClosed) return; // node-turn still had an answer under way
    countToClient(data, counters);
    send(data, toPort, address, sent);
  };
  socket.send = guardedSend as Socket['send'];
  socket.once('close', () => (isClosed = true));
  socket.on('error', () => counters.drops.socketError++);
  socket.removeAllListeners('message');
  socket.on('message', (data: Buffer, from: RemoteInfo) => {
    const fiveTuple = `UDP://${from.address}:${from.port}>${host}:${port}`;
    const answer = (response: Buffer): void => guardedSend(response, from.port, from.address, ignore);
    const passOn = (request: Buffer): void => {
      try {
        toLibrary(request, from);
      } catch {
        counters.drops.malformed++; // the guard should have known; the client asks again
      }
    };
    requestGuard.receive({ fiveTuple, from, answer, passOn }, data);
  });
}

/** With a callback, a datagram that the kernel refuses is no 'error' event; the client asks again. */
const ignore = (): void => undefined;

function countToClient(data: Buffer, counters: Counters): void {
  const type = data.readUInt16BE(0);
  const lengthAt = type >= 0x4000 ? CHANNEL_LENGTH_AT : type === DATA_INDICATION ? DATA_LENGTH_AT : undefined;
  if (lengthAt === undefined) return;
  counters.packetsToClients++;
  counters.bytesToClients += data.readUInt16BE(lengthAt);
}

async function listening(socket: Socket, { port }: Endpoint): Promise<void> {
  try {
    await once(socket, 'listening');
  } catch (error) {
    throw explainListenError(error as Error, 'TURN over UDP', port, 'STUN_PORT');
  }
}

/** node-turn does not tell whether it works. */
async function proveListening(socket: Socket): Promise<void> {
  const { address, port } = socket.address();
  await askBinding({ host: address, port }, { timeoutMs: PROOF_MS });
}

function statsOf(owners: AllocationOwners, counters: Counters): TurnStats {
  const sessions = [...owners.sessions];
  return {
    ...countsNow(counters),
    isDraining: owners.isDraining,
    allocations: sessions.length,
    permissions: sessions.reduce((sum, session) => sum + session.permissions().length, 0),
    channels: sessions.reduce(
      (sum, { allocation }) => sum + Object.keys(allocation.channelBindings).length,
      0,
    ),
    reservations: 0,
    connections: 0,
    relayPortsFree: owners.relayPortsFree,
  };
}
