// A server whose handshakes are answered before Node makes objects for a request. Everything else, and what an address that owes too much asks for,
// comes to Node's HTTP by way of the door, where connections wait for their debts.
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerClientError } from './client-error.ts';
import { FirstLook } from './first-look.ts';
import type { HttpDoor } from './http-door.ts';
import { asksForWebSocket, type RequestHead } from './request-head.ts';
import { onWebSocketUpgrade } from './upgrade.ts';

export interface EarlyHandshakesOptions {
  readonly door: HttpDoor;
  /** The address of a request as limits count it. */
  readonly keyOf: (request: RequestHead) => string;
  /** Takes the stream over; early or by way of Node. It is paused, and what came behind the request is in `head`. */
  readonly upgrade: (request: RequestHead, stream: Duplex, head: Buffer) => void;
  /** As Node's HTTP has them. */
  readonly headBytesMax: number;
  readonly headMsMax: number;
}

/** To be closed when the server closes. */
export function serveHandshakes(server: Server, options: EarlyHandshakesOptions): FirstLook {
  const { door, keyOf, upgrade } = options;
  server.on('clientError', answerClientError);
  door.watch(server);
  onWebSocketUpgrade(server, upgrade);
  return new FirstLook(server, {
    comes: door.comes,
    mustWait: door.mustWait,
    take: (request, socket, behind) => {
      if (!asksForWebSocket(request) || !door.mayComeEarly(keyOf(request))) return false;
      upgrade(request, socket, behind);
      return true;
    },
    headBytesMax: options.headBytesMax,
    waitMsMax: options.headMsMax,
  });
}
