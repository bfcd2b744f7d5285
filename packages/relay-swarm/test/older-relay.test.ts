// Relays of version 1, which keep no table of all, in a swarm of those that do.
import { encodeRelayMessage } from '@relay-swarm/protocol';
import { formatRelayTable } from '../src/files/relay-table-file.ts';
import { Attacker, describeRelay } from './attacker.ts';
import { Simulation, type SimulatedRelay } from './simulation.ts';

const NEWER = ['vouch', 'digest', 'have', 'want', 'records', 'states'];

let simulation: Simulation;
beforeEach(async () => {
  simulation = new Simulation();
  for (let i = 0; i < 6; i++) simulation.add(`r${i}`, ['https://r0.example'], { sessionsMax: 3 });
  await simulation.runUntil(() => simulation.isComplete, 90);
});

it('have a session though the view is full, are told of the others, and hear nothing that they do not know', async () => {
  // A full view looks for two thirds of its sessions itself, and leaves the rest for those who come
  const hasPlace = ({ node }: SimulatedRelay): boolean => node.sessions === 2;
  await simulation.runUntil(() => simulation.relays.some(hasPlace), 120);
  const entrance = simulation.relays.find(hasPlace);
  const before = entrance!.node.sessions;
  const older = await new Attacker(simulation, { isOlder: true }).dial(entrance!);
  older.send(encodeRelayMessage({ action: 'ask', known: [] }));
  await simulation.run(10_000);
  expect(older.closedWith).toBeUndefined();
  expect(entrance!.node.sessions).toBe(before + 1);
  const actions = older.received.map((text) => (JSON.parse(text) as { action: string }).action);
  expect(actions.filter((action) => NEWER.includes(action))).toEqual([]);
  const known = older.received.filter((text) => text.startsWith('{"action":"known"')).join();
  for (const { name } of simulation.relays)
    if (name !== entrance!.name) expect(known).toContain(`wss://${name}.example`);
});

it('are listed once their URL has answered', async () => {
  const older = new Attacker(simulation, { isOlder: true }).answerAt('wss://older.example');
  simulation.fetches.set('https://older.example', () =>
    Promise.resolve(describeRelay(older.self, { url: 'wss://older.example' })),
  );
  const [entrance] = simulation.relays;
  entrance!.node.addCandidate('https://older.example', 'bootstrap');
  await simulation.run(20_000);
  expect(simulation.roster(entrance!)).toContain('older');
});

it('explains of each relay why it is offered or not', async () => {
  const simulation = new Simulation();
  for (let i = 0; i < 4; i++) simulation.add(`r${i}`, ['https://r0.example']);
  await simulation.runUntil(() => simulation.isComplete, 60);
  const [asked, dead, frozen] = simulation.relays;
  expect(asked!.node.explain(9).map(({ status }) => status)).toEqual(['session', 'session', 'session']);
  simulation.kill(dead!);
  simulation.freeze(frozen!);
  await simulation.run(9_000);
  const statuses = new Map(asked!.node.explain(9).map(({ url, status }) => [url, status]));
  expect(statuses.get(dead!.url)).toBe('lost');
  expect(statuses.get(frozen!.url)).toBe('suspected');
  const table = {
    writtenAt: 1_000,
    members: 4,
    sessions: 2,
    unproven: 0,
    down: 1,
    relays: asked!.node.explain(9),
  };
  const text = formatRelayTable(table, 'lost', 3_000);
  expect(text).toContain(
    '4 relays in the table, this one included; 2 sessions, 0 unproven, 1 down (written 2 s ago)',
  );
  expect(text.match(/wss:/g)).toHaveLength(1);
  expect(text).toContain('wss://r1.example  its session has ended; dialled in vain');
  expect(formatRelayTable(undefined, undefined, 0)).toMatch(/has not written/);
});
