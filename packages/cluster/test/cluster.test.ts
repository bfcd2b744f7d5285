// Whatever happens to nodes and to the engine between them: once it is quiet, who is held under a key is who is there.
import * as fc from 'fast-check';
import { MemoryEngine } from './support/memory-engine.ts';
import { ToyClient, ToyNode } from './support/toy-service.ts';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

type Step =
  | { do: 'enter'; node: number; key: string }
  | { do: 'leave' | 'close'; pick: number }
  | { do: 'add' | 'heal' | 'down' | 'up' }
  | { do: 'kill' | 'freeze' | 'thaw' | 'drain' | 'stop'; node: number }
  | { do: 'cut'; at: number }
  | { do: 'wait'; ms: number };

interface Open {
  readonly node: ToyNode;
  readonly client: ToyClient;
  readonly id: string;
  readonly keys: Set<string>;
}

class Simulation {
  readonly engine = new MemoryEngine();
  readonly clock = { nowMs: 0 };
  nodes: ToyNode[] = [];
  open: Open[] = [];
  #made = 0;
  #ids = 0;

  constructor(nodes: number) {
    for (let index = 0; index < nodes; index++) this.add();
    this.wait(3_000);
  }

  add(): void {
    this.nodes.push(new ToyNode(this.engine, ++this.#made, this.clock));
  }

  settle(): void {
    for (let round = 0; round < 4; round++) {
      for (const node of this.nodes) if (!node.carrier.isFrozen) node.settle();
      this.engine.deliver();
    }
  }

  wait(ms: number): void {
    for (let passed = 0; passed < ms; passed += 250) {
      this.clock.nowMs += 250;
      for (const node of this.nodes) {
        if (node.carrier.isFrozen) continue;
        node.cluster.tick(this.clock.nowMs);
        node.edge.tick();
      }
      this.settle();
    }
  }

  enter(node: ToyNode, key: string): void {
    if (node.carrier.isFrozen) return;
    const mine = this.open.filter((one) => one.node === node);
    let open = mine.length >= 5 ? mine[this.#ids % mine.length] : undefined;
    if (open === undefined) {
      open = { node, client: new ToyClient(), id: `peer ${++this.#ids}`, keys: new Set() };
      this.open.push(open);
    }
    open.keys.add(key);
    node.announce(open.client, key, open.id, this.clock.nowMs);
  }

  kill(node: ToyNode): void {
    void node.carrier.close();
    this.nodes = this.nodes.filter((one) => one !== node);
    this.open = this.open.filter((one) => one.node !== node);
  }

  take(step: Step): void {
    const node = 'node' in step ? this.nodes[step.node % this.nodes.length]! : undefined;
    const open = 'pick' in step ? this.open[step.pick % this.open.length] : undefined;
    if (step.do === 'enter') this.enter(node!, step.key);
    else if (step.do === 'leave' && open !== undefined && !open.node.carrier.isFrozen) {
      const [key] = open.keys;
      if (key === undefined) return;
      open.keys.delete(key);
      open.node.stop(open.client, key, open.id);
    } else if (step.do === 'close' && open !== undefined && !open.node.carrier.isFrozen) {
      open.node.close(open.client);
      this.open = this.open.filter((one) => one !== open);
    } else if (step.do === 'add' && this.nodes.length < 5) this.add();
    else if (step.do === 'kill' && this.nodes.length > 1) this.kill(node!);
    else if (step.do === 'stop' && this.nodes.length > 1 && !node!.carrier.isFrozen) {
      node!.cluster.stop();
      this.kill(node!);
    } else if (step.do === 'drain' && !node!.carrier.isFrozen) node!.cluster.drain();
    else if (step.do === 'freeze') node!.carrier.isFrozen = true;
    else if (step.do === 'thaw') node!.carrier.isFrozen = false;
    else if (step.do === 'down') this.engine.isDown = true;
    else if (step.do === 'up') this.engine.isDown = false;
    else if (step.do === 'cut') this.engine.sideOf = (name) => Number(parseInt(name, 16) > step.at);
    else if (step.do === 'heal') this.engine.sideOf = undefined;
    else if (step.do === 'wait') this.wait(step.ms);
  }

  /** All faults end. */
  calm(): void {
    this.engine.isDown = false;
    this.engine.sideOf = undefined;
    for (const node of this.nodes) node.carrier.isFrozen = false;
    this.wait(8_000);
  }

  /** For each key: who is held by anybody, and who ought to be; and whether only its owner holds it. */
  compare(): void {
    for (const key of KEYS) {
      const owners = new Set(this.nodes.map((node) => node.cluster.ownerOf(key)));
      expect(owners.size).toBe(1);
      const truth = this.open.filter(({ keys }) => keys.has(key)).map(({ id }) => id);
      for (const node of this.nodes) {
        const held = [...(node.held.get(key)?.keys() ?? [])];
        expect(held.sort()).toEqual(owners.has(node.cluster.node) ? truth.sort() : []);
      }
    }
    const memberships = this.open.reduce((sum, { keys }) => sum + keys.size, 0);
    expect(this.nodes.reduce((sum, { edge }) => sum + edge.memberships, 0)).toBe(memberships);
  }
}

const node = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('enter'), node, key: fc.constantFrom(...KEYS) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('leave', 'close'), pick: fc.nat(50) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('kill', 'freeze', 'thaw', 'drain', 'stop'), node }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('add', 'heal', 'down', 'up') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut'), at: fc.nat(4) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(250, 1_000, 2_500) }) },
);

describe('a cluster', () => {
  it('holds who is there, once it is quiet, whatever happened', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
        const simulation = new Simulation(3);
        for (const each of steps) {
          simulation.take(each);
          if (each.do !== 'wait') simulation.settle();
        }
        simulation.calm();
        simulation.compare();
      }),
      { numRuns: Number(process.env.CLUSTER_RUNS ?? 150) },
    );
  });

  it('serves a key at its owner, wherever the client is', () => {
    const simulation = new Simulation(3);
    for (const key of KEYS) for (const each of simulation.nodes) simulation.enter(each, key);
    simulation.settle();
    simulation.compare();
    for (const { client, id } of simulation.open) expect(client.delivered).toContain(`enter ${id}`);
    const owners = new Set(KEYS.map((key) => simulation.nodes[0]!.cluster.ownerOf(key)));
    expect(owners.size).toBeGreaterThan(1);
  });

  it('is whole within 3 s after a node was killed', () => {
    const simulation = new Simulation(3);
    for (const key of KEYS) for (const each of simulation.nodes) simulation.enter(each, key);
    simulation.settle();
    simulation.kill(simulation.nodes[1]!);
    simulation.wait(3_000);
    simulation.compare();
  });

  it('is whole within 2 s after the engine was away', () => {
    const simulation = new Simulation(3);
    for (const key of KEYS) for (const each of simulation.nodes) simulation.enter(each, key);
    simulation.settle();
    simulation.engine.isDown = true;
    simulation.wait(10_000);
    for (const key of KEYS) for (const each of simulation.nodes) simulation.enter(each, key);
    simulation.engine.isDown = false;
    simulation.wait(2_000);
    simulation.compare();
  });

  it('notices a short loss that took the last thing told', () => {
    const simulation = new Simulation(2);
    simulation.engine.isDown = true;
    for (const key of KEYS) for (const each of simulation.nodes) simulation.enter(each, key);
    simulation.settle();
    simulation.wait(250);
    simulation.engine.isDown = false;
    simulation.wait(2_000);
    simulation.compare();
  });

  it('adds up what the nodes count', () => {
    const simulation = new Simulation(3);
    for (const each of simulation.nodes) simulation.enter(each, 'a');
    simulation.wait(1_000);
    expect(simulation.nodes[0]!.cluster.sumOfOthers()).toEqual({ clients: 2 });
  });
});
