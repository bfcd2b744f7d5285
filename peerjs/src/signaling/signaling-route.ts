// PeerJS signaling: who gets an id, and what ends a client that has one.
import { createOriginCheck, type RequestHead } from '@relay-swarm/net';
import { REFUSALS, type CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller } from '../callers.ts';
import type { ClientSocket } from '../client-socket.ts';
import type { Counters } from '../counters.ts';
import type { UpgradeRoute } from '../http-server.ts';
import { RouteSockets, type RouteParts } from '../route-sockets.ts';
import type { CreateSignalingEngine, SignalingEngine } from './engine.ts';
import { BYTES_PER_MESSAGE, FrameCheck } from './frame-check.ts';
import { createHttpApi } from './http-api.ts';
import { isId, isSignedToken, isToken } from './identity.ts';
import { errorText } from './words.ts';

export interface SignalingOptions extends RouteParts {
  readonly createEngine: CreateSignalingEngine;
  readonly counters: Counters;
}

export class SignalingRoute implements UpgradeRoute {
  readonly path: string;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #options: SignalingOptions;
  readonly #engine: SignalingEngine<ClientSocket>;
  readonly #sockets: RouteSockets;

  constructor(options: SignalingOptions) {
    const { settings, counters, log, clock } = options;
    this.path = `${settings.path}peerjs`;
    this.#options = options;
    // A client must not be cut because of what others send to it.
    const waitingBytesMax = settings.sendBufferBytesMax / 2;
    const engine = (this.#engine = options.createEngine<ClientSocket>({
      offline: {
        queuedPerPeerMax: settings.queuedPerPeerMax,
        queuedBytesPerPeerMax: waitingBytesMax, // a client that connects is sent all of it at once
        queuedBytesMax: settings.queuedBytesMax,
      },
      expireMs: settings.expireSeconds * 1000,
      waitingBytesMax,
      monotonicMs: clock.monotonicMs,
      log,
      ended: (socket, reason) => this.#lostId(socket, reason),
    }));
    const sockets = (this.#sockets = new RouteSockets(options, {
      frameBytesMax: settings.frameBytesMax,
      bytesPerMessage: BYTES_PER_MESSAGE,
      closed: counters.closed,
      rests: () => counters.rests++,
      frame: (socket, frame, isBinary) => frames.take(socket, frame, isBinary),
      control: (socket) => frames.takeControl(socket),
      broken: (code) => counters.socketErrors.add(code),
      left: (socket) => {
        if (socket.id !== '') engine.left(socket);
      },
    }));
    const frames: FrameCheck = new FrameCheck({
      limits: { idCharsMax: settings.idCharsMax, faultsMax: settings.faultsMax },
      payments: sockets.payments,
      relay: (sender, message, bytes) => engine.relay(sender, message, bytes),
      end: (socket, reason, message) => sockets.end(socket, reason, message),
      counters,
      log,
      clock,
    });
    this.answer = createHttpApi({
      path: settings.path,
      key: settings.key,
      isDiscoverable: settings.isDiscoverable,
      origins: settings.origins.length > 0 ? createOriginCheck(settings.origins) : undefined,
      engine,
      refused: (code) => counters.refusedRequests.add(code),
    });
  }

  /** Clients that have an id. */
  get clients(): number {
    return this.#engine.clients;
  }

  get queuedBytes(): number {
    return this.#engine.queuedBytes;
  }

  upgrade(request: RequestHead, stream: Duplex, head: Buffer, caller: Caller): boolean {
    stream.cork(); // the answer to the upgrade and OPEN go out together
    const socket = this.#sockets.open(request, stream, head, caller);
    if (socket) {
      this.#register(socket, new URLSearchParams(request.url?.slice(this.path.length)));
      socket.flush();
    }
    stream.uncork();
    return socket !== undefined;
  }

  /** Lets the engine give the socket its id, unless its id, token or key is refused. */
  #register(socket: ClientSocket, query: URLSearchParams): void {
    const { settings, clock } = this.#options;
    const { authSecret, idCharsMax } = settings;
    const [id, token, key] = [query.get('id') ?? '', query.get('token') ?? '', query.get('key') ?? ''];
    if (id === '' || token === '' || key === '') {
      this.#reject(socket, 'incomplete');
      return;
    }
    if (key !== settings.key) {
      this.#reject(socket, 'bad_key');
      return;
    }
    if (!isId(id, idCharsMax)) {
      const rule = `at most ${idCharsMax} letters and digits, with single "-", "_" or spaces between them`;
      this.#reject(socket, 'bad_id', `${REFUSALS.bad_id.sentence}: wanted ${rule}`);
      return;
    }
    const isSigned =
      authSecret !== undefined && isSignedToken(authSecret, id, token, clock.wallClockMs() / 1000);
    if (!(authSecret === undefined ? isToken(token) : isSigned)) {
      this.#reject(socket, 'bad_token');
      return;
    }
    // Any token that the operator signed for the id is as good as the one that it was opened with.
    const connected = this.#engine.connect(socket, id, isSigned ? 'signed' : token);
    if (connected === 'id_taken') this.#lostId(socket, 'id_taken');
    else if (connected.replaced !== undefined) this.#lostId(connected.replaced, 'replaced');
  }

  #lostId(socket: ClientSocket, reason: 'id_taken' | 'replaced'): void {
    if (reason === 'replaced') this.#options.counters.replaced++;
    this.#sockets.end(socket, reason);
  }

  /** In PeerJS's words, so that its client shows the reason. */
  #reject(
    socket: ClientSocket,
    reason: CloseRefusalCode,
    sentence: string = REFUSALS[reason].sentence,
  ): void {
    socket.send(errorText(sentence));
    this.#sockets.end(socket, reason, sentence);
  }

  sweep(): void {
    this.#sockets.sweep();
    this.#engine.tick();
  }

  async stop(): Promise<void> {
    await this.#sockets.drain();
    this.#engine.stop();
  }
}
