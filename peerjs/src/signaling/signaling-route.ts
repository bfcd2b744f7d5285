// PeerJS signaling: which sockets reach the engine, how long they live, and what ends them.
import type { Log } from '@relay-swarm/kit';
import { createOriginCheck, drain, Payments, type AddressBuckets } from '@relay-swarm/net';
import type { SocketMemory } from '@relay-swarm/net/socket-memory';
import { REFUSALS, type CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller } from '../callers.ts';
import { createUpgrade, type ClientSocket, type Upgrade } from '../client-socket.ts';
import type { Counters } from '../counters.ts';
import type { UpgradeRoute } from '../http-server.ts';
import { messageRate, PIECE_COST, type PeerjsSettings } from '../settings.ts';
import type { Clock } from '../clock.ts';
import type { CreateSignalingEngine, SignalingEngine } from './engine.ts';
import { BYTES_PER_MESSAGE, FrameCheck } from './frame-check.ts';
import { createHttpApi } from './http-api.ts';
import { isId, isSignedToken, isToken } from './identity.ts';
import { errorText } from './words.ts';

export interface SignalingOptions {
  readonly createEngine: CreateSignalingEngine;
  readonly settings: PeerjsSettings;
  readonly counters: Counters;
  readonly log: Log;
  readonly clock: Clock;
  readonly memory: SocketMemory<ClientSocket>;
  readonly addresses: AddressBuckets;
  /** Called once for each connection that `upgrade` has opened, when it is closed. */
  readonly leave: (caller: Caller) => void;
}

export class SignalingRoute implements UpgradeRoute {
  readonly path: string;
  readonly answer: (request: IncomingMessage, response: ServerResponse) => void;
  readonly #options: SignalingOptions;
  readonly #engine: SignalingEngine<ClientSocket>;
  readonly #payments: Payments<ClientSocket>;
  readonly #upgrade: Upgrade;
  /** All that are open, whether they have an id or not. */
  readonly #sockets = new Set<ClientSocket>();
  #sweptAtMs: number;

  constructor(options: SignalingOptions) {
    const { settings, counters, log, clock } = options;
    this.path = `${settings.path}peerjs`;
    this.#options = options;
    this.#sweptAtMs = clock.monotonicMs();
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
    const payments = (this.#payments = new Payments<ClientSocket>({
      own: messageRate(settings),
      addresses: options.addresses,
      pieceCost: PIECE_COST,
      bytesPerMessage: BYTES_PER_MESSAGE,
      monotonicMs: clock.monotonicMs,
      end: (socket) => this.#end(socket, 'message_rate'),
      rests: () => counters.rests++,
    }));
    const frames = new FrameCheck({
      limits: { idCharsMax: settings.idCharsMax, faultsMax: settings.faultsMax },
      payments,
      relay: (sender, message, bytes) => engine.relay(sender, message, bytes),
      end: (socket, reason, message) => this.#end(socket, reason, message),
      counters,
      log,
      clock,
    });
    this.#upgrade = createUpgrade({
      frameBytesMax: settings.frameBytesMax,
      monotonicMs: clock.monotonicMs,
      listener: {
        frame: (socket, frame, isBinary) => frames.take(socket, frame, isBinary),
        restMs: (socket, bytes) => payments.restMs(socket, bytes),
        control: (socket) => frames.takeControl(socket),
        signOfLife: (socket) => (socket.heardAtMs = clock.monotonicMs()),
        broken: (code) => counters.socketErrors.add(code),
        stalled: (socket) => this.#cut(socket, 'slow_reader'),
        failed: (socket, error) => {
          log.error('bug: a client could not be served', { error });
          this.#cut(socket, 'internal_error');
        },
        left: (socket) => this.#left(socket),
      },
      sendBufferBytesMax: settings.sendBufferBytesMax,
      memory: options.memory,
      ended: (socket, reason) => this.#end(socket, reason),
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

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, caller: Caller): boolean {
    stream.cork(); // the answer to the upgrade and OPEN go out together
    const socket = this.#upgrade(request, stream, head, caller);
    if (socket) {
      this.#payments.begin(socket);
      socket.heardAtMs = this.#options.clock.monotonicMs();
      this.#sockets.add(socket);
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
    this.#end(socket, reason);
  }

  /** In PeerJS's words, so that its client shows the reason. */
  #reject(
    socket: ClientSocket,
    reason: CloseRefusalCode,
    sentence: string = REFUSALS[reason].sentence,
  ): void {
    socket.send(errorText(sentence));
    this.#end(socket, reason, sentence);
  }

  #left(socket: ClientSocket): void {
    this.#sockets.delete(socket);
    if (socket.id !== '') this.#engine.left(socket);
    this.#options.leave(socket.caller);
  }

  #end(socket: ClientSocket, reason: CloseRefusalCode, sentence: string = REFUSALS[reason].sentence): void {
    this.#options.counters.closed.add(reason);
    socket.close(REFUSALS[reason].close, sentence);
  }

  #cut(socket: ClientSocket, reason: CloseRefusalCode): void {
    this.#options.counters.closed.add(reason);
    socket.terminate();
  }

  /** Pings those that were silent, ends those that stay so. Every frame counts as life, so busy clients are never pinged. */
  sweep(): void {
    const { settings, clock } = this.#options;
    const lastMs = this.#sweptAtMs;
    const nowMs = (this.#sweptAtMs = clock.monotonicMs());
    const pingMs = settings.pingSeconds * 1000;
    for (const socket of this.#sockets) {
      const silentMs = nowMs - socket.heardAtMs;
      if (silentMs < pingMs || socket.isResting) continue;
      if (silentMs >= settings.idleSeconds * 1000) this.#cut(socket, 'idle');
      else if (Math.floor(silentMs / pingMs) > Math.floor((lastMs - socket.heardAtMs) / pingMs)) {
        socket.ping(); // another ping period of silence has passed since the last sweep
      }
    }
    this.#engine.tick();
  }

  async stop(): Promise<void> {
    await drain({
      open: () => this.#sockets,
      spreadMs: this.#options.settings.drainSeconds * 1000,
      close: (socket) => this.#end(socket, 'draining'),
    });
    this.#engine.stop();
  }
}
