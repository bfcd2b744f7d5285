// One server that introduces the members of a room: joins, comes back after a loss, and passes on what it says.
import { ProtocolError } from '@relay-swarm/protocol/fields';
import { toHex } from '@relay-swarm/protocol/mesh-bytes';
import {
  MESH_VERSION,
  meshJoinText,
  readMeshReply,
  writeMeshRequest,
  type MeshReply,
  type MeshRequest,
} from '@relay-swarm/protocol/mesh-member';
import type { MemberIdentity } from './identity.ts';

export interface SignalingEvents {
  reply(reply: MeshReply): void;
  /** Everybody who is there, each time that it has joined. */
  joined(ids: readonly string[]): void;
  lost(): void;
}

export interface SignalingOptions {
  readonly url: string;
  readonly room: string;
  readonly identity: MemberIdentity;
  readonly WebSocket: typeof WebSocket;
  readonly events: SignalingEvents;
}

const RETRY_MS = 400;
const RETRY_MAX_MS = 15_000;
/** A server that has not answered by then is tried again. */
const JOIN_MS = 10_000;

export class Signaling {
  readonly url: string;
  readonly #options: SignalingOptions;
  #socket: WebSocket | undefined;
  #isJoined = false;
  #isStopped = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listed: string[] = [];

  constructor(options: SignalingOptions) {
    this.url = options.url;
    this.#options = options;
    this.#connect();
  }

  get isJoined(): boolean {
    return this.#isJoined;
  }

  say(request: MeshRequest): void {
    if (this.#isJoined && this.#socket?.readyState === 1) this.#socket.send(writeMeshRequest(request));
  }

  stop(): void {
    this.say({ action: 'leave' });
    this.#isStopped = true;
    this.#isJoined = false;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #connect(): void {
    const socket = (this.#socket = new this.#options.WebSocket(this.url));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => socket.close(), JOIN_MS);
    this.#listed = [];
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string' && socket === this.#socket && !this.#isStopped) this.#hear(socket, data);
    };
    socket.onclose = () => this.#closed(socket);
    socket.onerror = () => undefined; // 'close' follows
  }

  #hear(socket: WebSocket, frame: string): void {
    let reply: MeshReply;
    try {
      reply = readMeshReply(frame);
    } catch (error) {
      if (error instanceof ProtocolError) return; // a newer server may have more to say
      throw error;
    }
    if (reply.action === 'challenge') void this.#join(socket, reply.challenge);
    else if (reply.action === 'members') {
      this.#listed.push(...reply.members.map(({ id }) => id));
      if (reply.isLast) {
        clearTimeout(this.#timer);
        this.#isJoined = true;
        this.#failures = 0;
        const listed = this.#listed;
        this.#listed = []; // a server may list anew who is there
        this.#options.events.joined(listed);
      }
      this.#options.events.reply(reply);
    } else this.#options.events.reply(reply);
  }

  async #join(socket: WebSocket, challenge: string): Promise<void> {
    const { room, identity } = this.#options;
    const text = meshJoinText(challenge, room, new URL(this.url).origin);
    const signature = toHex(await identity.sign(new TextEncoder().encode(text)));
    if (socket.readyState !== 1) return;
    socket.send(
      writeMeshRequest({ action: 'join', version: MESH_VERSION, room, id: identity.id, signature }),
    );
  }

  #closed(socket: WebSocket): void {
    if (socket !== this.#socket || this.#isStopped) return;
    clearTimeout(this.#timer);
    if (this.#isJoined) this.#options.events.lost();
    this.#isJoined = false;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#failures++) * (0.5 + Math.random());
    this.#timer = setTimeout(() => this.#connect(), waitMs);
  }
}
