// Requests of the plainest form, which are most of what comes: handshakes of WebSockets, and announces over HTTP. They are served without the
// objects that Node makes for a request; whatever else comes goes to Node's HTTP server, which serves these two as well.
import {
  asksForWebSocket,
  limitKey,
  type AddressReader,
  type FirstLook,
  type HttpDoor,
  type PlainHead,
} from '@relay-swarm/net';
import type { Socket } from 'node:net';
import { soon, type Later } from '../frontends/ip-announce.ts';
import type { SocketErrors } from './socket-errors.ts';
import type { UnreadResponses } from './unread-responses.ts';
import { isForRelays, type UpgradeGate } from './upgrade-gate.ts';

export interface PlainRequestsOptions {
  readonly gate: UpgradeGate;
  readonly door: Pick<HttpDoor, 'mayComeEarly'>;
  readonly readAddress: AddressReader;
  /** The bencoded answer to an announce or a scrape; undefined where the request is neither. */
  readonly answerTo: (request: PlainHead) => Later<Uint8Array> | undefined;
  readonly unread: UnreadResponses;
  readonly errors: SocketErrors;
  /** Waits for the next request of a connection. */
  readonly look: () => FirstLook;
}

export class PlainRequests {
  readonly #options: PlainRequestsOptions;
  #date = '';
  #dateUntilMs = 0;

  constructor(options: PlainRequestsOptions) {
    this.#options = options;
  }

  readonly take = (request: PlainHead, socket: Socket, behind: Buffer): boolean => {
    const { gate, door, readAddress, errors, answerTo } = this.#options;
    if (asksForWebSocket(request)) {
      if (isForRelays(request)) return false;
      socket.on('error', errors.count);
      gate.admit(request, socket, behind);
      return true;
    }
    if (request.headers.upgrade !== undefined || behind.length > 0) return false;
    if (!door.mayComeEarly(limitKey(readAddress(request)))) return false; // Node's server makes it wait or refuses it
    const answer = answerTo(request);
    if (answer === undefined) return false;
    socket.on('error', errors.count);
    const { connection } = request.headers;
    const isLast = connection !== undefined && !/^keep-alive$/i.test(connection);
    void soon(answer, (body) => this.#answer(request, socket, body, isLast));
    return true;
  };

  #answer(request: PlainHead, socket: Socket, body: Uint8Array, isLast: boolean): void {
    if (socket.destroyed) return;
    const head =
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n` +
      `Content-Length: ${body.length}\r\nDate: ${this.#now()}\r\nConnection: ${isLast ? 'close' : 'keep-alive'}\r\n\r\n`;
    const all = Buffer.allocUnsafe(head.length + body.length);
    all.write(head, 'latin1');
    all.set(body, head.length);
    socket.write(all);
    if (socket.writableLength > 0) this.#options.unread.count(request, socket);
    if (isLast) socket.destroySoon();
    else {
      socket.off('error', this.#options.errors.count);
      this.#options.look().watch(socket);
    }
  }

  /** In the form that HTTP wants (RFC 9110 §5.6.7), written once a second. */
  #now(): string {
    const nowMs = Date.now();
    if (nowMs >= this.#dateUntilMs) {
      this.#date = new Date(nowMs).toUTCString();
      this.#dateUntilMs = nowMs - (nowMs % 1_000) + 1_000;
    }
    return this.#date;
  }
}
