// PeerJS signaling: which sockets reach `peer`, how long they live, and what `peer` leaves to be done around them.
import { sendJson, type Log } from '@relay-swarm/kit';
import { createOriginCheck, drain } from '@relay-swarm/net';
import { httpRefusal, REFUSALS, type CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AbsentPeers } from './absent.ts';
import type { Caller } from './admission.ts';
import { findApiRoute } from './api-routes.ts';
import type { Counters } from './counters.ts';
import { FrameGuard } from './frame-guard.ts';
import { isId, isSignedToken, isToken } from './identity.ts';
import { createPeerServer, type PeerServer } from './peer-server.ts';
import type { UpgradeRoute } from './server.ts';
import type { PeerjsSettings } from './settings.ts';
import type { ClientMemory } from './client-memory.ts';
import { createUpgrade, type ClientSocket, type Upgrade } from './socket.ts';
import type { World } from './world.ts';

const OPEN = JSON.stringify({ type: 'OPEN' });

export interface SignalingOptions {
  readonly settings: PeerjsSettings;
  readonly counters: Counters;
  readonly log: Log;
  readonly world: World;
  readonly memory: ClientMemory;
  /** Called once for each connection that `upgrade` has opened, when it is closed. */
  readonly leave: (caller: Caller) => void;
}

export class Signaling implements UpgradeRoute {
  readonly path: string;
  readonly #options: SignalingOptions;
  readonly #peer: PeerServer;
  readonly #upgrade: Upgrade;
  readonly #absent: AbsentPeers;
  /** Every socket is either here or there: those that `peer` knows, */
  readonly #byId = new Map<string, ClientSocket>();
  /** and those that it does not know yet or no more. */
  readonly #nameless = new Set<ClientSocket>();
  #sweptAtMs: number;

  constructor(options: SignalingOptions) {
    const { settings, counters, log, world } = options;
    this.path = `${settings.path}peerjs`;
    this.#options = options;
    this.#sweptAtMs = world.nowMs();
    const expireMs = settings.expireSeconds * 1000;
    // What others send to a client may not be what it is cut for.
    const waitingBytesMax = settings.sendBufferBytesMax / 2;
    this.#absent = new AbsentPeers({
      queuedPerPeerMax: settings.queuedPerPeerMax,
      queuedBytesPerPeerMax: waitingBytesMax, // who comes is given all at once
      queuedBytesMax: settings.queuedBytesMax,
      keptMs: expireMs + 2_000, // `peer` sweeps its queues once a second
    });
    const frames = new FrameGuard({
      limits: {
        idCharsMax: settings.idCharsMax,
        faultsMax: settings.faultsMax,
        messages: { perSecond: settings.messagesPerSecond, burst: settings.messagesBurst },
        messagesPerAddress: {
          perSecond: settings.messagesPerAddressPerSecond,
          burst: settings.messagesPerAddressBurst,
        },
        waitingBytesMax,
      },
      absent: this.#absent,
      find: (id) => this.#byId.get(id),
      end: (socket, reason, message) => this.#end(socket, reason, message),
      fail: (socket) => this.#end(socket, 'internal_error'),
      counters,
      log,
      world,
    });
    this.#upgrade = createUpgrade(settings.frameBytesMax, {
      guard: {
        admits: (socket, frame, isBinary) => frames.admits(socket, frame, isBinary),
        admitsControl: (socket, isAskedFor) => frames.admitsControl(socket, isAskedFor),
        debtMs: (socket) => frames.debtMs(socket),
        broken: ({ code }) => counters.socketErrors.add(code ?? 'unknown'),
        stalled: (socket) => this.#cut(socket, 'slow_reader'),
        failed: (socket, error) => {
          log.error('bug: a client could not be written to', { error });
          this.#cut(socket, 'internal_error');
        },
        left: (socket) => this.#left(socket),
      },
      sendBufferBytesMax: settings.sendBufferBytesMax,
      memory: options.memory,
      ended: (socket, reason) => this.#end(socket, reason),
    });
    this.#peer = createPeerServer(
      {
        path: settings.path,
        key: settings.key,
        isDiscoverable: settings.isDiscoverable,
        expireMs,
        isOriginAllowed: settings.origins.length > 0 ? createOriginCheck(settings.origins) : undefined,
      },
      {
        connected: (socket, id) => this.#connected(socket, id),
        message: (message) => frames.look(message),
        failed: (error) => frames.failed(error),
      },
    );
  }

  /** Clients that have an id. */
  get clients(): number {
    return this.#byId.size;
  }

  get queuedBytes(): number {
    return this.#absent.bytes;
  }

  /** The HTTP API, behind the key that `peer` itself does not ask for. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const route = findApiRoute(request.url ?? '', this.#options.settings);
    if (route === 'known') {
      this.#peer.answer(request, response);
      return;
    }
    this.#options.counters.refusedRequests.add(route);
    const { status, body } = httpRefusal(route);
    sendJson(response, status, body, { 'access-control-allow-origin': '*' });
  }

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, caller: Caller): boolean {
    stream.cork(); // the answer to the upgrade and OPEN go out together
    const socket = this.#upgrade(request, stream, head, caller);
    if (socket) {
      socket.thousandths = this.#options.settings.messagesBurst * 1000;
      socket.filledAtMs = socket.heardAtMs = this.#options.world.nowMs();
      this.#nameless.add(socket);
      this.#introduce(socket, new URLSearchParams(request.url?.slice(this.path.length)));
      socket.flush();
    }
    stream.uncork();
    return socket !== undefined;
  }

  /** Lets `peer` know the socket, unless its id or token is not one. What is missing altogether, `peer` says itself. */
  #introduce(socket: ClientSocket, query: URLSearchParams): void {
    const { settings, world, counters } = this.#options;
    const { authSecret, idCharsMax } = settings;
    const [id, token, key] = [query.get('id') ?? '', query.get('token') ?? '', query.get('key') ?? ''];
    if (id !== '' && !isId(id, idCharsMax)) {
      const rule = `at most ${idCharsMax} letters and digits, with single "-", "_" or spaces between them`;
      this.#reject(socket, 'bad_id', `Invalid id provided: wanted ${rule}`);
      return;
    }
    const isSigned = authSecret !== undefined && isSignedToken(authSecret, id, token, world.unixMs() / 1000);
    if (token !== '' && !(authSecret === undefined ? isToken(token) : isSigned)) {
      this.#reject(socket, 'bad_token', 'Invalid token provided');
      return;
    }
    // Any token that the operator signed for the id is as good as the one that it was opened with.
    this.#peer.connect(socket, { id, token: isSigned ? 'signed' : token, key });
    if (socket.id === '') counters.closed.add('not_accepted');
  }

  /** In PeerJS's words, so that its client shows the reason. */
  #reject(socket: ClientSocket, reason: CloseRefusalCode, message: string): void {
    socket.send(JSON.stringify({ type: 'ERROR', payload: { msg: message } }));
    this.#end(socket, reason);
  }

  #connected(socket: ClientSocket, id: string): void {
    const previous = this.#byId.get(id);
    socket.id = id;
    this.#nameless.delete(socket);
    this.#byId.set(id, socket);
    this.#absent.arrived(id);
    if (!previous) return;
    // `peer` forgets both: a client that comes back early would wait for OPEN for ever, and its old socket would stay.
    socket.send(OPEN);
    this.#nameless.add(previous);
    this.#options.counters.replaced++;
    this.#end(previous, 'replaced');
  }

  #left(socket: ClientSocket): void {
    if (!this.#nameless.delete(socket)) this.#byId.delete(socket.id);
    this.#options.leave(socket.caller);
  }

  #end(socket: ClientSocket, reason: CloseRefusalCode, message: string = REFUSALS[reason].sentence): void {
    this.#options.counters.closed.add(reason);
    socket.close(REFUSALS[reason].close, message);
  }

  #cut(socket: ClientSocket, reason: CloseRefusalCode): void {
    this.#options.counters.closed.add(reason);
    socket.terminate();
  }

  /** Pings those that were silent, ends those that stay so. Every frame counts as life, so busy clients are never pinged. */
  sweep(): void {
    const { settings, world } = this.#options;
    const lastMs = this.#sweptAtMs;
    const nowMs = (this.#sweptAtMs = world.nowMs());
    const pingMs = settings.pingSeconds * 1000;
    const look = (socket: ClientSocket): void => {
      const silentMs = nowMs - socket.heardAtMs;
      if (silentMs < pingMs || socket.isResting) return;
      if (silentMs >= settings.idleSeconds * 1000) this.#cut(socket, 'idle');
      else if (Math.floor(silentMs / pingMs) > Math.floor((lastMs - socket.heardAtMs) / pingMs)) {
        socket.ping(); // another ping period of silence has passed since the last sweep
      }
    };
    for (const socket of this.#byId.values()) look(socket);
    for (const socket of this.#nameless) look(socket);
  }

  async stop(): Promise<void> {
    await drain({
      open: () => this.#sockets(),
      spreadMs: this.#options.settings.drainSeconds * 1000,
      close: (socket) => this.#end(socket, 'draining'),
    });
    this.#peer.stop();
  }

  *#sockets(): Generator<ClientSocket> {
    yield* this.#byId.values();
    yield* this.#nameless;
  }
}
