// PeerJS signaling: which sockets and which frames reach `peer`, and what `peer` leaves to be done around them.
import type { Log } from '@relay-swarm/kit';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AbsentPeers } from './absent.ts';
import type { Caller } from './admission.ts';
import { findApiRoute } from './api-routes.ts';
import type { Counters } from './counters.ts';
import { drain } from './drain.ts';
import { findFault, isHeartbeat, type FrameFault, type Relayed } from './frame.ts';
import { isId, isSignedToken, isToken } from './identity.ts';
import { createOriginCheck } from './origins.ts';
import { createPeerServer, type PeerServer } from './peer-server.ts';
import { debtMs, spend, type Rate } from './rate.ts';
import type { UpgradeRoute } from './server.ts';
import type { PeerjsSettings } from './settings.ts';
import type { World } from './world.ts';
import { createUpgrade, type ClientSocket, type Guard, type Upgrade } from './socket.ts';

/** A frame costs one message, and one more for each of these. */
const BYTES_PER_MESSAGE = 4096;
/** What a frame costs that goes no further, beside its own price. */
const FAULT_COST = 9;
/** Of a destination that we repeat to the sender. */
const DESTINATION_CHARS_MAX = 256;
/** How long a client has to answer when somebody else wants its id. */
const PROBE_MS = 5_000;
/** RFC 6455 §7.4; 4000 and above are ours. */
const CLOSE = { policy: 1008, restart: 1012, replaced: 4000 } as const;

const OPEN = JSON.stringify({ type: 'OPEN' });
/** Thrown at `peer`, so that it leaves the message alone. Made once: a flood of faults must not cost a stack trace each. */
const REFUSED = new Error('refused');

export class Signaling implements UpgradeRoute, Guard {
  readonly path: string;
  readonly #settings: PeerjsSettings;
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #world: World;
  readonly #peer: PeerServer;
  readonly #upgrade: Upgrade;
  readonly #absent: AbsentPeers;
  readonly #messages: Rate;
  readonly #messagesPerAddress: Rate;
  readonly #sockets = new Set<ClientSocket>();
  readonly #byId = new Map<string, ClientSocket>();
  /** Whose frame `peer` is working on, and how long that is: `peer` does so without interruption. */
  #speaker!: ClientSocket;
  #spokenBytes = 0;

  constructor(settings: PeerjsSettings, counters: Counters, log: Log, world: World) {
    this.path = `${settings.path}peerjs`;
    this.#settings = settings;
    this.#counters = counters;
    this.#log = log;
    this.#world = world;
    this.#messages = { perSecond: settings.messagesPerSecond, burst: settings.messagesBurst };
    this.#messagesPerAddress = {
      perSecond: settings.messagesPerAddressPerSecond,
      burst: settings.messagesPerAddressBurst,
    };
    const expireMs = settings.expireSeconds * 1000;
    this.#absent = new AbsentPeers({
      queuedPerPeerMax: settings.queuedPerPeerMax,
      queuedBytesMax: settings.queuedBytesMax,
      keptMs: expireMs + 2_000, // `peer` sweeps its queues once a second
    });
    this.#upgrade = createUpgrade(settings.frameBytesMax);
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
        message: (message) => this.#look(message),
        failed: (error) => this.#failed(error),
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

  // --- HTTP ---

  answer(request: IncomingMessage, response: ServerResponse): void {
    const route = findApiRoute(request.url ?? '', this.#settings);
    if (route === 'known') {
      this.#peer.answer(request, response);
      return;
    }
    this.#counters.refusedRequests.add(route);
    const [status, message] = route === 'wrong-key' ? [401, 'Invalid key provided'] : [404, 'Not found'];
    response
      .writeHead(status, { 'content-type': 'application/json', 'access-control-allow-origin': '*' })
      .end(JSON.stringify({ error: message }));
  }

  // --- a socket's life ---

  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer, caller: Caller): void {
    const belongings = {
      guard: this,
      caller,
      sendBufferBytesMax: this.#settings.sendBufferBytesMax,
    };
    this.#upgrade(request, stream, head, belongings, (socket) => {
      socket.tokens = this.#settings.messagesBurst;
      socket.filledAtMs = socket.heardAtMs = this.#world.nowMs();
      this.#sockets.add(socket);
      this.#introduce(socket, new URLSearchParams(request.url?.split('?')[1]));
    });
  }

  /** Lets `peer` know the socket, unless its id or token is not one. What is missing altogether, `peer` says itself. */
  #introduce(socket: ClientSocket, query: URLSearchParams): void {
    const [id, token, key] = [query.get('id') ?? '', query.get('token') ?? '', query.get('key') ?? ''];
    const { authSecret, idCharsMax } = this.#settings;
    if (id !== '' && !isId(id, idCharsMax)) {
      const rule = `at most ${idCharsMax} letters and digits, with single "-", "_" or spaces between them`;
      this.#turnAway(socket, 'bad-id', `Invalid id provided: wanted ${rule}`);
      return;
    }
    const isSigned =
      authSecret !== undefined && isSignedToken(authSecret, id, token, this.#world.unixMs() / 1000);
    if (token !== '' && !(authSecret === undefined ? isToken(token) : isSigned)) {
      this.#turnAway(socket, 'bad-token', 'Invalid token provided');
      return;
    }
    // Somebody wants this id: whoever holds it must show that it is still there, or lose it in seconds instead of minutes.
    const holder = this.#byId.get(id);
    if (holder) this.#probe(holder);
    // Any token that the operator signed for the id is as good as the one that it was opened with.
    this.#peer.connect(socket, { id, token: isSigned ? 'signed' : token, key });
    if (socket.id === '') this.#counters.closed.add('not-accepted');
  }

  /** In PeerJS's words, so that its client shows the reason. */
  #turnAway(socket: ClientSocket, reason: string, message: string): void {
    socket.send(JSON.stringify({ type: 'ERROR', payload: { msg: message } }));
    this.#end(socket, reason, CLOSE.policy, reason);
  }

  #connected(socket: ClientSocket, id: string): void {
    const previous = this.#byId.get(id);
    socket.id = id;
    this.#byId.set(id, socket);
    this.#absent.arrived(id);
    if (!previous) return;
    // `peer` forgets both: a client that comes back early would wait for OPEN for ever, and its old socket would stay.
    socket.send(OPEN);
    this.#counters.replaced++;
    this.#end(previous, 'replaced', CLOSE.replaced, 'replaced by a newer connection');
  }

  left(socket: ClientSocket): void {
    this.#sockets.delete(socket);
    if (this.#byId.get(socket.id) === socket) this.#byId.delete(socket.id);
  }

  stalled(socket: ClientSocket): void {
    this.#counters.closed.add('slow-reader');
    socket.terminate();
  }

  heard(socket: ClientSocket): void {
    socket.heardAtMs = this.#world.nowMs();
  }

  #end(socket: ClientSocket, reason: string, code: number, message: string): void {
    this.#counters.closed.add(reason);
    socket.close(code, message);
  }

  #probe(socket: ClientSocket): void {
    socket.heardAtMs = Math.min(
      socket.heardAtMs,
      this.#world.nowMs() - this.#settings.idleSeconds * 1000 + PROBE_MS,
    );
    socket.ping();
  }

  /** Once a second: pings those that were silent, ends those that stay so. Frames count as life, so busy clients are never pinged. */
  sweep(): void {
    const nowMs = this.#world.nowMs();
    const pingMs = this.#settings.pingSeconds * 1000;
    const idleMs = this.#settings.idleSeconds * 1000;
    for (const socket of this.#sockets) {
      const silentMs = nowMs - socket.heardAtMs;
      if (silentMs < pingMs || socket.isResting) continue;
      if (silentMs >= idleMs) {
        this.#counters.closed.add('idle');
        socket.terminate();
      } else if (nowMs - socket.pingedAtMs >= pingMs && socket.isOpen) {
        socket.pingedAtMs = nowMs;
        socket.ping();
      }
    }
  }

  async stop(): Promise<void> {
    await drain(this.#sockets, this.#settings.drainSeconds * 1000, (socket) =>
      this.#end(socket, 'restart', CLOSE.restart, 'the server restarts'),
    );
    this.#peer.stop();
  }

  // --- frames ---

  admits(socket: ClientSocket, frame: Buffer, isBinary: boolean): boolean {
    if (!socket.isOpen) return false; // replaced or being closed: its id may be another's by now
    this.#counters.framesIn++;
    socket.heardAtMs = this.#world.nowMs();
    if (!this.#pays(socket, 1 + frame.length / BYTES_PER_MESSAGE)) return false;
    if (isBinary) return (this.#fault(socket, 'binary'), false);
    if (isHeartbeat(frame)) {
      this.#counters.heartbeats++;
      return false; // it only tells that the client lives, and we know now
    }
    this.#speaker = socket;
    this.#spokenBytes = frame.length;
    return true;
  }

  /** An eager client waits; one that is a whole burst in debt is no client. False where it has been closed. */
  #pays(socket: ClientSocket, cost: number): boolean {
    const nowMs = socket.heardAtMs;
    const left = spend(socket, this.#messages, cost, nowMs);
    const leftOfAddress = spend(socket.belongings.caller.messages, this.#messagesPerAddress, cost, nowMs);
    if (left >= 0 && leftOfAddress >= 0) return true;
    if (left <= -this.#messages.burst) {
      this.#end(socket, 'flood', CLOSE.policy, 'too many messages');
      return false;
    }
    if (!socket.isResting) this.#counters.rests++;
    socket.rest(Math.max(debtMs(left, this.#messages), debtMs(leftOfAddress, this.#messagesPerAddress)));
    return true;
  }

  /** Called by `peer` with what it has read from the speaker's frame. */
  #look(message: unknown): void {
    const fault = findFault(message, this.#settings.idCharsMax);
    if (fault !== undefined) this.#refuse(fault, Object(message) as Partial<Relayed>);
    const { type, dst } = message as Relayed;
    if (this.#byId.has(dst) || type === 'LEAVE') {
      this.#counters.framesOut++;
    } else if (dst && !this.#absent.admit(dst, this.#spokenBytes, this.#world.nowMs())) {
      this.#refuse('queue-full', message as Relayed);
    }
  }

  #refuse(reason: FrameFault | 'queue-full', { type, dst }: Partial<Relayed>): never {
    this.#fault(this.#speaker, reason);
    if (type === 'OFFER' && typeof dst === 'string' && dst.length <= DESTINATION_CHARS_MAX) {
      // What cannot be delivered is told at once, in the words that `peer` would use seconds later.
      this.#speaker.send(JSON.stringify({ type: 'EXPIRE', src: dst, dst: this.#speaker.id }));
    }
    throw REFUSED;
  }

  #failed(error: unknown): void {
    if (error === REFUSED) return;
    const { code } = error as { code?: unknown };
    if (typeof code === 'string') this.#counters.socketErrors.add(code);
    else this.#fault(this.#speaker, 'not-json');
  }

  #fault(socket: ClientSocket, reason: FrameFault | 'binary' | 'not-json' | 'queue-full'): void {
    this.#counters.refusedFrames.add(reason);
    if (this.#log.isDebug) this.#log.debug('frame refused', { reason, id: socket.id });
    if (++socket.faults > this.#settings.faultsMax)
      this.#end(socket, 'faults', CLOSE.policy, `too many faults, the last: ${reason}`);
    else this.#pays(socket, FAULT_COST);
  }
}
