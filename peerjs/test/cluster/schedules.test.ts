// PeerJS and the mesh on several nodes and a carrier with faults: whatever happened, once it is quiet each id and each place in a room is one
// open connection's, and what is said arrives, once. The same for the rules of a cluster alone: packages/cluster/test.
import { Asks } from '@relay-swarm/cluster/asks';
import { Cluster } from '@relay-swarm/cluster/cluster';
import { silentLog } from '@relay-swarm/kit';
import * as fc from 'fast-check';
import { MemoryEngine, type MemoryCarrier } from '../../../packages/cluster/test/support/memory-engine.ts';
import { ClusteredEngine } from '../../src/cluster/clustered-engine.ts';
import { ClusteredRooms } from '../../src/cluster/clustered-rooms.ts';
import { readQuestion, writeQuestion } from '../../src/cluster/questions.ts';
import { MeshCounters } from '../../src/mesh/mesh-counters.ts';
import { RoomDesk, type Guest } from '../../src/mesh/room-desk.ts';
import { Rooms, type Member } from '../../src/mesh/rooms.ts';
import type { EngineClient } from '../../src/signaling/engine.ts';

const IDS = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'];
const ROOMS = ['a', 'b', 'c'].map((name) => name.repeat(64));
const RUNS = Number(process.env['CLUSTER_RUNS'] ?? 60);

class Client implements EngineClient {
  id = '';
  token = '';
  readonly waitingBytes = 0;
  readonly heard: string[] = [];
  send(text: string): void {
    this.heard.push(text);
  }
}

class Visitor implements Guest {
  readonly addressKey = '192.0.2.1';
  member: Member | undefined = undefined;
  heard: { action: string; id?: string; data?: string }[] = [];
  hasEnded = false;
  pay(): boolean {
    return true;
  }
  send(text: string): void {
    this.heard.push(JSON.parse(text) as { action: string });
  }
  replaced(): void {
    this.hasEnded = true;
  }
  refuse(): void {
    // nothing here is too much
  }
  turnAway(): void {
    this.hasEnded = true;
  }
}

interface Peer {
  readonly node: Node;
  readonly id: string;
  readonly client: Client;
}
interface Seat {
  readonly node: Node;
  readonly id: string;
  readonly room: string;
  readonly visitor: Visitor;
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
        offline: { queuedPerPeerMax: 100, queuedBytesPerPeerMax: 1e6, queuedBytesMax: 1e7 },
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

type Step =
  | { do: 'connect' | 'join'; node: number; who: number; room: number }
  | { do: 'disconnect' | 'leave' | 'say'; pick: number; who: number }
  | { do: 'kill' | 'freeze' | 'thaw' | 'drain'; node: number }
  | { do: 'add' | 'down' | 'up' | 'heal' }
  | { do: 'cut'; at: number }
  | { do: 'wait'; ms: number };

class World {
  readonly engines = [new MemoryEngine(), new MemoryEngine()] as const;
  readonly clock = { nowMs: 0 };
  nodes: Node[] = [];
  peers: Peer[] = [];
  seats: Seat[] = [];
  #made = 0;
  #said = 0;

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
      this.leave(seat);
  }

  async wait(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      this.clock.nowMs += 250;
      for (const node of this.nodes) if (!node.isFrozen) node.tick(this.clock.nowMs);
      await this.settle();
    }
  }

  connect(node: Node, id: string): void {
    const client = new Client();
    this.peers.push({ node, id, client });
    node.engine.connect(client, id, `token ${++this.#said}`);
  }

  disconnect(peer: Peer): void {
    this.peers = this.peers.filter((one) => one !== peer);
    peer.node.engine.left(peer.client);
  }

  leave(seat: Seat): void {
    this.seats = this.seats.filter((one) => one !== seat);
    seat.node.desk.gone(seat.visitor, this.clock.nowMs);
  }

  say(from: Peer, dst: string): string {
    const payload = `message ${++this.#said}`;
    void from.node.engine.relay(from.client, { type: 'OFFER', dst, payload }, 100);
    return payload;
  }

  take(step: Step): void {
    const node = 'node' in step ? this.nodes[step.node % this.nodes.length]! : undefined;
    const peer = 'pick' in step ? this.peers[step.pick % this.peers.length] : undefined;
    const seat = 'pick' in step ? this.seats[step.pick % this.seats.length] : undefined;
    if (step.do === 'connect' && !node!.isFrozen) this.connect(node!, IDS[step.who % IDS.length]!);
    else if (step.do === 'join' && !node!.isFrozen) {
      const visitor = new Visitor();
      const [id, room] = [`member ${this.seats.length} ${step.who}`, ROOMS[step.room % ROOMS.length]!];
      this.seats.push({ node: node!, id, room, visitor });
      node!.desk.join(visitor, room, id, this.clock.nowMs);
    } else if (step.do === 'disconnect' && peer?.node.isFrozen === false) this.disconnect(peer);
    else if (step.do === 'leave' && seat?.node.isFrozen === false) {
      seat.node.desk.take(seat.visitor, { action: 'leave' }, this.clock.nowMs);
      this.leave(seat);
    } else if (step.do === 'say' && peer?.node.isFrozen === false)
      this.say(peer, IDS[step.who % IDS.length]!);
    else if (step.do === 'add' && this.nodes.length < 5) this.add();
    else if (step.do === 'kill' && this.nodes.length > 1) {
      for (const carrier of node!.carriers) void carrier.close();
      this.nodes = this.nodes.filter((one) => one !== node);
      this.peers = this.peers.filter((one) => one.node !== node);
      this.seats = this.seats.filter((one) => one.node !== node);
    } else if (step.do === 'drain' && !node!.isFrozen) for (const cluster of node!.clusters) cluster.drain();
    else if (step.do === 'freeze') node!.isFrozen = true;
    else if (step.do === 'thaw') node!.isFrozen = false;
    for (const engine of this.engines) {
      if (step.do === 'down') engine.isDown = true;
      else if (step.do === 'up') engine.isDown = false;
      else if (step.do === 'cut') engine.sideOf = (name) => Number(parseInt(name, 16) > step.at);
      else if (step.do === 'heal') engine.sideOf = undefined;
    }
  }

  async calm(): Promise<void> {
    for (const engine of this.engines) {
      engine.isDown = false;
      engine.sideOf = undefined;
    }
    for (const node of this.nodes) node.isFrozen = false;
    await this.wait(12_000);
  }

  /** The ids that each node owns, put together. */
  async ids(): Promise<string[]> {
    const all = await Promise.all(
      this.nodes.map(async ({ engine }) =>
        engine.answer(readQuestion(writeQuestion({ ask: 'ids', from: 0 }))!),
      ),
    );
    return all.flatMap((bytes) => JSON.parse(bytes.toString()) as string[]).sort();
  }
}

const node = fc.nat(9);
const who = fc.nat(20);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('connect', 'join'), node, who, room: fc.nat(2) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('say', 'disconnect', 'leave', 'say'), pick: fc.nat(50), who }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('kill', 'freeze', 'thaw', 'drain'), node }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('add', 'heal', 'down', 'up') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut'), at: fc.nat(4) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(250, 1_000, 2_500) }) },
);

async function play(steps: readonly Step[]): Promise<World> {
  const world = new World();
  for (let index = 0; index < 3; index++) world.add();
  await world.wait(3_000);
  for (const each of steps) {
    if (each.do === 'wait') await world.wait(each.ms);
    else {
      world.take(each);
      await world.settle();
    }
  }
  await world.calm();
  return world;
}

const schedules = fc.array(step, { minLength: 10, maxLength: 40 });
const offersOf = ({ client }: Peer): string[] =>
  client.heard
    .map((text) => JSON.parse(text) as { type: string; payload?: string })
    .flatMap(({ type, payload }) => (type === 'OFFER' ? [payload!] : []));

describe('PeerJS on several nodes', () => {
  it('tells a client that it has its id, also where the first word of it was lost with the engine', async () => {
    const world = await play([
      { do: 'down' },
      { do: 'wait', ms: 1_000 },
      { do: 'up' },
      { do: 'connect', node: 0, who: 2, room: 0 },
      { do: 'connect', node: 0, who: 0, room: 0 },
    ]);
    expect(world.peers.map(({ id }) => id).sort()).toEqual(await world.ids());
    const said = world.peers.flatMap((from) =>
      world.peers.map((to) => [to, world.say(from, to.id)] as const),
    );
    await world.wait(1_000);
    for (const [to, payload] of said)
      expect(offersOf(to).filter((heard) => heard === payload)).toEqual([payload]);
  });
});

describe('mesh rooms on several nodes, once it is quiet, whatever happened', () => {
  it('hold who is connected, at one owner, and pass signals on once', async () => {
    await fc.assert(
      fc.asyncProperty(schedules, async (steps) => {
        const world = await play(steps);
        for (const room of ROOMS) {
          const there = world.seats.filter((seat) => seat.room === room);
          const sizes = world.nodes.map(({ rooms }) => rooms.sizeOf(room)).filter((size) => size > 0);
          expect(sizes).toEqual(there.length === 0 ? [] : [there.length]);
          const from = there[0];
          for (const to of there) {
            to.visitor.heard = [];
            const data = Buffer.from(to.id).toString('base64');
            from!.node.desk.take(from!.visitor, { action: 'signal', to: to.id, data }, world.clock.nowMs);
            await world.wait(250);
            const heard = to.visitor.heard.filter(({ action }) => action === 'signal');
            expect(heard.map((one) => one.data)).toEqual([data]);
          }
        }
      }),
      { numRuns: RUNS },
    );
  }, 120_000);
});
