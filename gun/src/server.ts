// The HTTP server: /gun is the WebSocket, /healthz and /metrics are for operators. Connections are counted in and out here.
import { closeServer, listen, sendJson, type Part, type RequestHandler } from '@relay-swarm/kit';
import {
  Admission,
  createAddressReader,
  limitKey,
  onWebSocketUpgrade,
  refuseUpgrade,
  type AdmissionRefusal,
} from '@relay-swarm/net';
import { createServer, type Server } from 'node:http';
import type { GunSettings } from './settings.ts';
import { createAcceptor, type Wire, type WireLimits, type WireListener } from './wire.ts';

const PATH = '/gun';
/** How another gun relay says that it is one: then both ask what the other knows. */
const LINK_PATH = '/gun?link';
const RETRY_AFTER_SECONDS = 10;
const REFUSALS: Readonly<Record<AdmissionRefusal, [status: number, error: string]>> = {
  address_full: [429, 'too many connections from this address'],
  connections_full: [503, 'this relay is full'],
};

export interface GunServer extends Part {
  readonly server: Server;
  connections(): number;
  refused(): number;
}

export function createGunServer(
  settings: GunSettings,
  limits: WireLimits,
  handle: RequestHandler,
  open: (wire: Wire, isLink: boolean) => WireListener,
): GunServer {
  const readAddress = createAddressReader(settings.trustedProxies);
  const accept = createAcceptor(limits);
  const admission = new Admission(settings);
  const wires = new Set<Wire>();
  let refused = 0;

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    if (handle(request, response)) return;
    const isGun = pathOf(request.url) === PATH;
    sendJson(response, isGun ? 426 : 404, { error: isGun ? 'a WebSocket is wanted here' : 'not found' });
  });
  onWebSocketUpgrade(server, (request, socket, head) => {
    if (pathOf(request.url) !== PATH) {
      refuseUpgrade(socket, 404, { error: 'not found' });
      return;
    }
    const key = limitKey(readAddress(request));
    const refusal = admission.enter(key);
    if (refusal !== undefined) {
      refused++;
      const [status, error] = REFUSALS[refusal];
      refuseUpgrade(socket, status, { error }, { 'Retry-After': RETRY_AFTER_SECONDS });
      return;
    }
    socket.once('close', () => admission.leave(key));
    accept(request, socket, head, (wire) => {
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
  });

  return {
    name: 'server',
    server,
    connections: () => wires.size,
    refused: () => refused,
    start: () => listen(server, 'the gun relay', { ...settings, settingName: 'GUN_PORT' }),
    stop: () => {
      for (const wire of wires) wire.close(1012);
      return closeServer(server);
    },
  };
}

const pathOf = (url = ''): string => url.split('?', 1)[0]!;
