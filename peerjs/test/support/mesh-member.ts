// A member of a mesh room on the wire, without the mesh: what it heard, in order, and how it ended.
import { meshJoinText, readMeshReply, type MeshReply } from '@relay-swarm/protocol/mesh-member';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { WebSocket } from 'ws';
import { until } from '../../../test/support/until.ts';

const opened: TestMember[] = [];

export class TestMember {
  /** Where nothing else is said. */
  static readonly room = 'ab'.repeat(32);
  readonly id: string;
  readonly replies: MeshReply[] = [];
  readonly #key: KeyObject;
  readonly #origin: string;
  readonly socket: WebSocket;
  closeCode: number | undefined;

  readonly pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

  constructor(port: number, pair = generateKeyPairSync('ed25519')) {
    this.pair = pair;
    this.#key = pair.privateKey;
    const { x } = pair.publicKey.export({ format: 'jwk' });
    this.id = Buffer.from(x!, 'base64url').toString('hex');
    this.#origin = `ws://127.0.0.1:${port}`;
    this.socket = new WebSocket(`${this.#origin}/mesh`);
    this.socket.on('message', (data) => this.replies.push(readMeshReply((data as Buffer).toString())));
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => undefined); // 'close' follows
    opened.push(this);
  }

  async join(more: { address?: string; origin?: string } = {}): Promise<this> {
    const { challenge } = await this.hear('challenge');
    const { address = TestMember.room, origin = this.#origin } = more;
    const text = meshJoinText(challenge, address, origin);
    const signature = sign(undefined, Buffer.from(text), this.#key).toString('hex');
    this.say({ action: 'join', version: 1, room: address, id: this.id, signature });
    return this;
  }

  say(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  async hear<A extends MeshReply['action']>(
    action: A,
    isMeant: (reply: Extract<MeshReply, { action: A }>) => boolean = () => true,
  ): Promise<Extract<MeshReply, { action: A }>> {
    const find = () =>
      this.replies.find(
        (reply): reply is Extract<MeshReply, { action: A }> =>
          reply.action === action && isMeant(reply as Extract<MeshReply, { action: A }>),
      );
    await until(`"${action}"`, () => find() !== undefined);
    return find()!;
  }

  /** The newest that it heard of who is there says that this one is; where a status is named, that one is told too. */
  async sees(id: string, status?: string): Promise<void> {
    await until(`${id} to be there`, () => this.#isThere(id));
    if (status === undefined) return;
    const isTold = (reply: MeshReply): boolean =>
      reply.action === 'members'
        ? reply.members.some((one) => one.id === id && one.status === status)
        : reply.action === 'status' && reply.from === id && reply.data === status;
    await until('its status', () => this.replies.some(isTold));
  }

  async misses(id: string): Promise<void> {
    await until(`${id} to be missed`, () => !this.#isThere(id));
  }

  /** Lists must be of one piece. */
  #isThere(id: string): boolean {
    let isThere = false;
    for (const reply of this.replies) {
      if (reply.action === 'members') isThere = reply.members.some((one) => one.id === id);
      else if ((reply.action === 'joined' || reply.action === 'left') && reply.id === id)
        isThere = reply.action === 'joined';
    }
    return isThere;
  }

  async closed(): Promise<number> {
    await until('a close', () => this.closeCode !== undefined);
    return this.closeCode!;
  }
}

/** For afterEach. */
export function closeMembers(): void {
  for (const { socket } of opened.splice(0)) socket.terminate();
}
