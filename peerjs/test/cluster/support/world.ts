// PeerJS and the mesh on several nodes in one process: a carrier with faults, a clock that is set, and steps to take.
import { Asks } from '@relay-swarm/cluster/asks';
import { Cluster } from '@relay-swarm/cluster/cluster';
import { silentLog } from '@relay-swarm/kit';
import { MemoryEngine, type MemoryCarrier } from '../../../../packages/cluster/test/support/memory-engine.ts';
import { ClusteredEngine } from '../../../src/cluster/clustered-engine.ts';
import { ClusteredRooms } from '../../../src/cluster/clustered-rooms.ts';
import { readQuestion } from '../../../src/cluster/questions.ts';
import { MeshCounters } from '../../../src/mesh/mesh-counters.ts';
import { RoomDesk } from '../../../src/mesh/room-desk.ts';
import { Rooms } from '../../../src/mesh/rooms.ts';
import type { Delivery } from '../../../src/signaling/engine.ts';
import { Client, Visitor } from './clients.ts';

const IDS = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'];
export const QUEUED_PER_PEER_MAX = 100;
export const ROOMS = ['a', 'b', 'c'].map((name) => name.repeat(64));

interface Peer {
  readonly node: Node;
  readonly id: string;
  readonly client: Client;
}
interface Said {
  readonly from: Peer;
  readonly payload: string;
  delivery: Delivery | undefined;
}
interface Seat {
  readonly node: Node;
  readonly id: string;
  readonly room: string;
  readonly visitor: Visitor;
  /** It has said that it leaves, and its connection is still open. */
  hasLeft: boolean;
  readonly sinceMs: number;
}

class Node {
  readonly carriers: readonly MemoryCarrier[];
  readonly clusters: readonly Cluster[];
  readonly asks: Asks;
  readonly engine: ClusteredEngine<Client>;
  readonly rooms: Rooms;
  readonly desk: ClusteredRooms<Visitor>;
  readonly ended = new Set<Client>();
  #turns: (() => void)[] = [];

  constructor(engines: readonly [MemoryEngine, MemoryEngine], number: number, clock: { nowMs: number }) {
    const node = number.toString(16).padStart(16, '0');
    let conversations = number * 1_000_000;
    const nowMs = (): number => clock.nowMs;
    const nextTurn = (callback: () => void): void => void this.#turns.push(callback);
    this.carriers = engines.map((engine) => engine.connect(node));
    const [ids, rooms] = this.carriers.map(
      (carrier) =>
        new Cluster({
          service: 'test',
          node,
          carrier,
          random32: () => ++conversations,
          monotonicMs: nowMs,
          endOfTurn: nextTurn,
          gauges: () => ({}),
        }),
    ) as [Cluster, Cluster];
    this.clusters = [ids, rooms];
    this.asks = new Asks(ids, (bytes) => this.engine.answer(readQuestion(bytes)!));
    this.engine = new ClusteredEngine<Client>(
      {
        offline: { queuedPerPeerMax: QUEUED_PER_PEER_MAX, queuedBytesPerPeerMax: 1e6, queuedBytesMax: 1e7 },
        expireMs: 5_000,
        waitingBytesMax: 1e6,
        monotonicMs: nowMs,
        log: silentLog,
        ended: (client) => this.ended.add(client),
      },
      { cluster: ids, asks: this.asks, wallClockMs: nowMs, nextTurn },
    );
    this.rooms = new Rooms({ roomsMax: 50, roomMembersMax: 50, awayMs: 5_000, fallbackBytesPerSecond: 1e6 });
    this.desk = new ClusteredRooms<Visitor>({
      cluster: rooms,
      desk: new RoomDesk(this.rooms, new MeshCounters()),
      rooms: this.rooms,
      rate: { perSecond: 1e6, burst: 1e6 },
      monotonicMs: nowMs,
      wallClockMs: nowMs,
      nextTurn,
    });
    for (const cluster of this.clusters) cluster.start();
  }

  get isFrozen(): boolean {
    return this.carriers[0]!.isFrozen;
  }

  set isFrozen(isFrozen: boolean) {
    for (const carrier of this.carriers) carrier.isFrozen = isFrozen;
  }

  settle(): void {
    while (this.#turns.length > 0) this.#turns.splice(0).forEach((turn) => turn());
  }

  tick(nowMs: number): void {
    for (const cluster of this.clusters) cluster.tick(nowMs);
    this.asks.tick(nowMs);
    this.desk.tick();
    this.engine.tick();
    this.rooms.sweep(nowMs);
  }
}

export type Step =
  | { do: 'connect' | 'join'; node: number; who: number; kind: number }
  | { do: 'disconnect' | 'leave' | 'close' | 'say'; pick: number; who: number }
  | { do: 'kill' | 'freeze' | 'thaw' | 'drain'; node: number }
  | { do: 'add' | 'down' | 'up' | 'heal' }
  | { do: 'cut' | 'lose'; at: number }
  | { do: 'wait'; ms: number };

export class World {
  readonly engines = [new MemoryEngine(), new MemoryEngine()] as const;
  readonly clock = { nowMs: 0 };
  nodes: Node[] = [];
  peers: Peer[] = [];
  seats: Seat[] = [];
  /** All that ever were. */
  readonly clients: Client[] = [];
  readonly allSeats: Seat[] = [];
  readonly said: Said[] = [];
  #made = 0;
  #names = 0;

  /** Three nodes, the steps, and then all faults end. */
  static async of(steps: readonly Step[]): Promise<World> {
    const world = new World();
    for (let index = 0; index < 3; index++) world.add();
    await world.wait(3_000);
    for (const step of steps) {
      if (step.do === 'wait') await world.wait(step.ms);
      else {
        world.take(step);
        await world.settle();
      }
    }
    await world.calm();
    return world;
  }

  add(): void {
    this.nodes.push(new Node(this.engines, ++this.#made, this.clock));
  }

  async settle(): Promise<void> {
    for (let round = 0; round < 6; round++) {
      for (const node of this.nodes) if (!node.isFrozen) node.settle();
      for (const engine of this.engines) engine.deliver();
      await new Promise(setImmediate); // promises of what was asked
    }
    // The service closes the connection of whoever was told that it has ended.
    for (const peer of this.peers.filter(({ node, client }) => node.ended.has(client) && !node.isFrozen))
      this.disconnect(peer);
    for (const seat of this.seats.filter(({ node, visitor }) => visitor.hasEnded && !node.isFrozen))
      this.close(seat);
  }

  async wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      this.clock.nowMs += 250;
      for (const node of this.nodes) if (!node.isFrozen) node.tick(this.clock.nowMs);
      await this.settle();
    }
  }

  connect(node: Node, id: string, token: string): void {
    const client = new Client();
    this.clients.push(client);
    this.peers.push({ node, id, client });
    node.engine.connect(client, id, token);
  }

  disconnect(peer: Peer): void {
    this.peers = this.peers.filter((one) => one !== peer);
    peer.node.engine.left(peer.client);
  }

  join(node: Node, id: string, room: string): void {
    const visitor = new Visitor();
    const seat = { node, id, room, visitor, hasLeft: false, sinceMs: this.clock.nowMs };
    this.seats.push(seat);
    this.allSeats.push(seat);
    node.desk.join(visitor, room, id, this.clock.nowMs);
  }

  leave(seat: Seat): void {
    seat.hasLeft = true;
    seat.node.desk.take(seat.visitor, { action: 'leave' }, this.clock.nowMs);
  }

  close(seat: Seat): void {
    this.seats = this.seats.filter((one) => one !== seat);
    seat.node.desk.gone(seat.visitor, this.clock.nowMs);
  }

  say(from: Peer, dst: string): Said {
    const said: Said = { from, payload: `message ${++this.#names}`, delivery: undefined };
    this.said.push(said);
    const delivery = from.node.engine.relay(from.client, { type: 'OFFER', dst, payload: said.payload }, 100);
    void Promise.resolve(delivery).then((what) => (said.delivery = what));
    return said;
  }

  take(step: Step): void {
    const node = 'node' in step ? this.nodes[step.node % this.nodes.length]! : undefined;
    if (step.do === 'connect' && !node!.isFrozen) {
      const token = step.kind === 0 ? 'the same' : `token ${++this.#names}`;
      this.connect(node!, IDS[step.who % IDS.length]!, token);
    } else if (step.do === 'join' && !node!.isFrozen)
      this.join(node!, `member ${step.who}`, ROOMS[step.kind % ROOMS.length]!);
    else if ('pick' in step) this.#pick(step);
    else if (step.do === 'add' && this.nodes.length < 5) this.add();
    else if (step.do === 'kill' && this.nodes.length > 1) this.#kill(node!);
    else if (step.do === 'drain' && !node!.isFrozen) for (const cluster of node!.clusters) cluster.drain();
    else if (step.do === 'freeze') node!.isFrozen = true;
    else if (step.do === 'thaw') node!.isFrozen = false;
    for (const engine of this.engines) {
      if (step.do === 'down') engine.isDown = true;
      else if (step.do === 'up') engine.isDown = false;
      else if (step.do === 'cut') engine.sideOf = (name) => Number(parseInt(name, 16) > step.at);
      else if (step.do === 'heal') engine.sideOf = undefined;
      else if (step.do === 'lose') engine.losesAfter = step.at;
    }
  }

  #pick(step: Extract<Step, { pick: number }>): void {
    const peers = this.peers.filter(({ node }) => !node.isFrozen);
    const seats = this.seats.filter(({ node, hasLeft }) => !node.isFrozen && !hasLeft);
    const peer = peers[step.pick % peers.length];
    const seat = seats[step.pick % seats.length];
    if (step.do === 'disconnect' && peer !== undefined) this.disconnect(peer);
    else if (step.do === 'say' && peer !== undefined) this.say(peer, IDS[step.who % IDS.length]!);
    else if (step.do === 'leave' && seat !== undefined) this.leave(seat);
    else if (step.do === 'close' && seat !== undefined) this.close(seat);
  }

  #kill(node: Node): void {
    for (const carrier of node.carriers) void carrier.close();
    this.nodes = this.nodes.filter((one) => one !== node);
    this.peers = this.peers.filter((one) => one.node !== node);
    this.seats = this.seats.filter((one) => one.node !== node);
  }

  async calm(): Promise<void> {
    for (const engine of this.engines) {
      engine.isDown = false;
      engine.sideOf = undefined;
      engine.losesAfter = undefined;
    }
    for (const node of this.nodes) node.isFrozen = false;
    await this.wait(12_000);
  }

  /** The ids that each node owns, put together. */
  async ids(): Promise<string[]> {
    const answers = this.nodes.map(async ({ engine }) => engine.answer({ ask: 'ids', from: 0 }));
    const all = await Promise.all(answers);
    return all.flatMap((bytes) => JSON.parse(bytes.toString()) as string[]).sort();
  }
}
