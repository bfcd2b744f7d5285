// How many of our files a relay passes on its way from the DHT to the roster: the third trip of docs/architecture.md. Seen on the stack of a
// running relay, at the places where work is done. Another relay runs beside it; only what the first one does is looked at.
import { AsyncLocalStorage } from 'node:async_hooks';
import { ClientRequest } from 'node:http';
import { goingsBack, watchTrip, type Place } from '../../../test/support/watch-trip.ts';
import { Candidates } from '../src/discovery/candidates.ts';
import { Liveness } from '../src/roster/liveness.ts';
import { RelayTable } from '../src/roster/relay-table.ts';
import { RelayConnection } from '../src/sessions/relay-connection.ts';
import { Session } from '../src/sessions/session.ts';
import { startDhtNode, startRelay, stopRelays } from './whole-relay.ts';
import { freeUdpPort } from '../../../scripts/lib/free-port.mjs';
import { until } from '../../../tracker/test/support/until.ts';

/** Where the stack is looked at. The last two belong to Node and the language: fetch-descriptor sends a request, roster sorts. */
const PLACES: readonly Place[] = [
  [Candidates, 'add', 'candidates'],
  [Candidates, 'take', 'candidates'],
  [RelayTable, 'offer', 'relay-table'],
  [RelayTable, 'take', 'relay-table'],
  [Session, 'receive', 'session'],
  [RelayConnection, 'prove', 'relay-connection'],
  [Liveness, 'verify', 'liveness'],
  [Liveness, 'hear', 'liveness'],
  [RelayTable, 'offered', 'relay-table'],
  [ClientRequest, 'end'],
  [Array, 'findIndex'],
];
const watched = new AsyncLocalStorage<true>();
/** The files of each stack, the outermost first, each as often as it was entered. */
const stacks: string[][] = [];
let undo: () => void;

beforeAll(() => {
  undo = watchTrip(PLACES, (files) => {
    if (watched.getStore() === true) stacks.push(files);
  });
});
afterAll(async () => {
  undo();
  await stopRelays();
});

it('a relay passes at most 12 files from the DHT to the roster', async () => {
  const dht = await startDhtNode();
  const env = async (): Promise<Record<string, string>> => ({
    TRACKER_DHT_ENABLED: 'true',
    TRACKER_DHT_PORT: String(await freeUdpPort()),
    TRACKER_DHT_BOOTSTRAP: dht.address,
  });
  await startRelay({ env: await env() });
  const relay = await watched.run(true, async () => startRelay({ env: await env() }));
  await until(async () => (await relay.roster()).relays.length === 2, 20);
  await dht.stop();
  const files = new Set(stacks.flat());
  const stations = ['discovery', 'candidates', 'fetch-descriptor', 'wire', 'session', 'liveness', 'roster'];
  for (const file of stations) expect([...files]).toContain(file);
  expect([files.size <= 12, ...files]).toEqual([true, ...files]);
  for (const stack of stacks) {
    expect([goingsBack(stack) <= 1, ...stack]).toEqual([true, ...stack]);
  }
}, 60_000);
