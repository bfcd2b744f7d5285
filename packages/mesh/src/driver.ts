// Runs an engine in the real world: its clock, its random numbers, its keys, its servers and its links.
import { isProtocolId, readSealedSignal, writeSealedSignal, type SignalSeal } from './sealed-signal.ts';
import type { MeshReply } from '@relay-swarm/protocol/mesh-member';
import { fromBase64, toBase64 } from './base64.ts';
import { Engine } from './engine/engine.ts';
import type { EngineAction, EngineEvent } from './engine/events.ts';
import type { EngineOptions } from './engine/options.ts';
import { isSignedBy, type MemberIdentity } from './identity.ts';
import type { RoomSecrets } from './room-secrets.ts';
import { Signaling } from './signaling.ts';
import type { CreateTransport, Signal, Transport } from './transport.ts';

export interface DriverOptions {
  readonly identity: MemberIdentity;
  readonly secrets: RoomSecrets;
  readonly servers: readonly string[];
  readonly WebSocket: typeof WebSocket;
  readonly createTransport: CreateTransport;
  readonly engine: Partial<EngineOptions>;
  /** What the engine did that the application wants to know of. */
  readonly report: (action: EngineAction) => void;
  readonly refused: (reply: Extract<MeshReply, { action: 'refused' }>, server: string) => void;
  readonly serverChanged: (server: string, isJoined: boolean) => void;
  /** Where no server can carry a signal, the mesh may. */
  readonly signalThroughMesh: (to: string, sealed: string) => void;
}

/** Browsers slow timers of hidden pages down to one a minute; a late wake-up harms nothing. */
const WAKE_MS_MAX = 60_000;
const LAST_WORDS_MS = 60;

export class Driver {
  readonly engine: Engine;
  readonly transport: Transport;
  readonly #options: DriverOptions;
  #servers: Signaling[] = [];
  /** Which servers say that a member is there. */
  readonly #where = new Map<string, Set<Signaling>>();
  readonly #seal: SignalSeal;
  #wake: ReturnType<typeof setTimeout> | undefined;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #isStopped = false;
  #lastStatus: { version: number; data: string } | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
    const { identity, secrets } = options;
    this.#seal = { identity, secrets };
    const epoch = Math.floor(Date.now() / 1_000);
    this.engine = new Engine({ id: identity.id, room: secrets.address, epoch }, options.engine, {
      random: Math.random,
    });
    this.transport = options.createTransport(identity.id, {
      accepts: (peer, isBridge) => this.engine.accepts(peer, isBridge, performance.now()),
      signal: (to, signal) => void this.#signal(to, signal),
      opened: (peer) => this.tell({ type: 'link-open', peer }),
      closed: (peer) => this.tell({ type: 'link-closed', peer }),
      failed: (peer) => this.tell({ type: 'dial-failed', peer }),
      received: (peer, bytes) => this.tell({ type: 'frame', peer, bytes }),
      drained: (peer) => this.tell({ type: 'drained', peer }),
    });
    this.useServers(options.servers);
    this.tell({ type: 'start' });
  }

  get servers(): readonly { url: string; isJoined: boolean }[] {
    return this.#servers;
  }

  tell(event: EngineEvent): void {
    if (this.#isStopped) return;
    for (const action of this.engine.handle(event, performance.now())) this.#act(action);
    this.#setAlarm();
  }

  /** These from now on: what is joined already stays so. */
  useServers(urls: readonly string[]): void {
    const before = this.#servers;
    const kept = before.filter(({ url }) => urls.includes(url));
    const added = urls.filter((url) => !before.some((server) => server.url === url));
    this.#servers = [...kept, ...added.map((url) => this.#connect(url))];
    for (const server of before) {
      if (kept.includes(server)) continue;
      const { isJoined } = server;
      server.stop();
      if (isJoined) this.#lost(server);
    }
  }

  /** A signal that came through the mesh. */
  async signalled(from: string, sealed: string): Promise<void> {
    const signal = await readSealedSignal(this.#seal, from, sealed);
    if (signal && !this.#isStopped) this.transport.signalled(from, signal);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#wake);
    this.transport.stop();
    for (const server of this.#servers) server.stop();
  }

  /** Leaves by the servers only: what a page that closes has time for. */
  hurry(): void {
    for (const server of this.#servers) server.say({ action: 'leave' });
  }

  #connect(url: string): Signaling {
    const { identity, secrets, WebSocket, serverChanged } = this.#options;
    const server: Signaling = new Signaling({
      url,
      room: secrets.address,
      identity,
      WebSocket,
      events: {
        joined: (ids) => {
          this.#forget(server);
          for (const id of ids) this.#present(server, id);
          this.tell({ type: 'members', server: url, ids });
          if (this.#lastStatus) server.say({ action: 'status', ...this.#lastStatus });
          serverChanged(url, true);
        },
        lost: () => this.#lost(server),
        reply: (reply) => this.#hear(server, reply),
      },
    });
    return server;
  }

  #lost(server: Signaling): void {
    this.#forget(server);
    this.tell({ type: 'server-lost', server: server.url });
    this.#options.serverChanged(server.url, false);
  }

  #hear(server: Signaling, reply: MeshReply): void {
    switch (reply.action) {
      case 'members':
        for (const { status } of reply.members) this.#packet('status', status);
        break;
      case 'joined':
        this.#present(server, reply.id);
        this.tell({ type: 'presence', server: server.url, id: reply.id, isPresent: true });
        break;
      case 'left':
        this.#where.get(reply.id)?.delete(server);
        this.tell({ type: 'presence', server: server.url, id: reply.id, isPresent: false });
        break;
      case 'signal':
        if (isProtocolId(reply.from)) void this.signalled(reply.from, reply.data);
        break;
      case 'absent':
        this.#where.get(reply.id)?.delete(server);
        break;
      case 'status':
      case 'fallback':
        this.#packet(reply.action, reply.data);
        break;
      case 'refused':
        this.#options.refused(reply, server.url);
    }
  }

  #packet(type: 'status' | 'fallback', data: string | undefined): void {
    const bytes = data === undefined ? undefined : fromBase64(data);
    if (bytes) this.tell({ type, bytes });
  }

  #act(action: EngineAction): void {
    const { identity, report } = this.#options;
    switch (action.type) {
      case 'dial':
        this.transport.dial(action.peer, action.isBridge);
        break;
      case 'close':
        // What was sent before it, such as our goodbye, is still in the channel
        if (action.reason === 'left') setTimeout(() => this.transport.close(action.peer), LAST_WORDS_MS);
        else this.transport.close(action.peer);
        break;
      case 'transmit':
        this.transport.send(action.peer, action.bytes);
        break;
      case 'sign':
        void identity
          .sign(action.bytes)
          .then((signature) => this.tell({ type: 'signed', token: action.token, signature }));
        break;
      case 'verify':
        void isSignedBy(action.source, action.bytes, action.signature).then((isGood) =>
          this.tell({ type: 'verified', token: action.token, isGood }),
        );
        break;
      case 'publish':
        this.#lastStatus = { version: action.version, data: toBase64(action.bytes) };
        for (const server of this.#servers) server.say({ action: 'status', ...this.#lastStatus });
        break;
      case 'fallback':
        this.#fallBack(action.to, toBase64(action.bytes));
        break;
      default:
        report(action);
    }
  }

  #fallBack(to: readonly string[], data: string): void {
    for (const server of this.#servers) {
      const there = to.filter((id) => this.#where.get(id)?.has(server));
      if (there.length > 0) server.say({ action: 'fallback', to: there.slice(0, 64), data });
    }
  }

  async #signal(to: string, signal: Signal): Promise<void> {
    const sealed = await writeSealedSignal(this.#seal, to, signal);
    const server = this.#servers.find((one) => one.isJoined && this.#where.get(to)?.has(one));
    if (server) server.say({ action: 'signal', to, data: sealed });
    else this.#options.signalThroughMesh(to, sealed);
  }

  #present(server: Signaling, id: string): void {
    const servers = this.#where.get(id);
    if (servers) servers.add(server);
    else this.#where.set(id, new Set([server]));
  }

  #forget(server: Signaling): void {
    for (const [id, servers] of this.#where) {
      servers.delete(server);
      if (servers.size === 0) this.#where.delete(id);
    }
  }

  #setAlarm(): void {
    const atMs = this.engine.wakeAtMs;
    if (atMs >= this.#wakeAtMs) return;
    this.#wakeAtMs = atMs;
    clearTimeout(this.#wake);
    const inMs = Math.min(WAKE_MS_MAX, Math.max(0, atMs - performance.now()));
    this.#wake = setTimeout(() => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.tell({ type: 'wake' });
    }, inMs);
  }
}
