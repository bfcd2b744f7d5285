// The HTTP server: /gun is the WebSocket, /healthz and /metrics are for operators. Connections are counted in and out here.
import { closeServer, listen, type Part, type RequestHandler } from '@relay-swarm/kit';
import {
  type AddressBuckets,
  Admission,
  createAddressReader,
  HttpDoor,
  isTurnOver,
  limitKey,
  rejectUpgrade,
  type RequestHead,
  sendRefusal,
  serveHandshakes,
} from '@relay-swarm/net';
import type { HttpRefusalCode } from '@relay-swarm/protocol/refusals';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { BYTES_PER_MESSAGE, PIECE_COST, REQUEST_COST } from './prices.ts';
import type { GunSettings } from './settings.ts';
import { createAcceptor, type Wire, type WireLimits, type WireListener } from './wire.ts';

const PATH = '/gun';
/** The path by which another gun relay identifies itself; then both ask for the other's data. */
const LINK_PATH = '/gun?link';
/** Connections of an address that are no WebSockets (yet). */
const HTTP_PER_ADDRESS_MAX = 200;
/** How long the head of a request may be under way. */
const HEAD_MS_MAX = 5_000;
const HEAD_BYTES_MAX = 16_384;

export interface GunServer extends Part {
  readonly door: HttpDoor;
  readonly server: Server;
  connections(): number;
  refused(): number;
}

export function createGunServer(
  settings: GunSettings,
  limits: WireLimits,
  addresses: AddressBuckets,
  handle: RequestHandler,
  open: (wire: Wire, isLink: boolean) => WireListener,
): GunServer {
  const readAddress = createAddressReader(settings.trustedProxies);
  const keyOf = (request: RequestHead): string => limitKey(readAddress(request));
  const accept = createAcceptor(limits);
  const admission = new Admission(settings);
  const wires = new Set<Wire>();
  let refused = 0;

  const door = new HttpDoor({
    addresses,
    pieceCost: PIECE_COST,
    bytesPerMessage: BYTES_PER_MESSAGE,
    requestCost: REQUEST_COST,
    connectionsPerAddressMax: settings.connectionsPerAddressMax + HTTP_PER_ADDRESS_MAX,
    trustedProxies: settings.trustedProxies,
    monotonicMs: limits.monotonicMs,
    isTurnOver,
  });
  const timeouts = { requestTimeout: 10_000, headersTimeout: HEAD_MS_MAX, maxHeaderSize: HEAD_BYTES_MAX };
  const server = createServer(timeouts, (request, response) => {
    if (!door.admits(keyOf(request))) {
      sendRefusal(response, 'address_rate', { random: Math.random() });
      return;
    }
    if (handle(request, response)) return;
    const isGun = pathOf(request.url) === PATH;
    sendRefusal(response, isGun ? 'websocket_wanted' : 'not_found');
  });
  const upgrade = (request: RequestHead, socket: Duplex, head: Buffer): void => {
    const refuse = (code: HttpRefusalCode): void => rejectUpgrade(socket, code, { random: Math.random() });
    if (pathOf(request.url) !== PATH) {
      refuse('not_found');
      return;
    }
    const key = keyOf(request);
    const refusal = limits.memory.budget.isTight ? 'memory_full' : admission.enter(key);
    if (refusal !== undefined) {
      refused++;
      refuse(refusal);
      return;
    }
    socket.once('close', () => admission.leave(key));
    accept(request, socket, head, key, (wire) => {
      wires.add(wire);
      const listener = open(wire, request.url === LINK_PATH);
      return {
        ...listener,
        closed: () => {
          wires.delete(wire);
          listener.closed();
        },
      };
    });
  };
  const look = serveHandshakes(server, {
    door,
    keyOf,
    upgrade,
    headBytesMax: HEAD_BYTES_MAX,
    headMsMax: HEAD_MS_MAX,
  });

  return {
    name: 'server',
    server,
    door,
    connections: () => wires.size,
    refused: () => refused,
    start: () => listen(server, 'the gun relay', { ...settings, settingName: 'GUN_PORT' }),
    stop: () => {
      look.close();
      for (const wire of wires) wire.end('draining');
      return closeServer(server);
    },
  };
}

const pathOf = (url = ''): string => url.split('?', 1)[0]!;
