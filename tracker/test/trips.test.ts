// How many of our files a request passes, and how often it goes back to one that it has left: the trips of docs/architecture.md. Seen on the
// stack of a running tracker, at the places where work is done.
import { goingsBack, watchTrip, type Place } from '../../test/support/watch-trip.ts';
import { AnnounceRule } from '../src/frontends/announce-rule.ts';
import { Topics } from '../src/frontends/graffiti/topics.ts';
import { MessageReader } from '../src/frontends/webtorrent/reader.ts';
import { FrameMemory } from '../src/frames/frame-memory.ts';
import { SwarmTable } from '../src/swarm/swarm-table.ts';
import { Swarm } from '../src/swarm/swarm.ts';
import { Connection } from '../src/transport/connection.ts';
import { HandClient } from './support/hand-client.ts';
import { startTracker, type RunningTracker } from './support/tracker.ts';

/** Where a request is looked at: at its beginning, in the middle and where it leaves. */
const PLACES: readonly Place[] = [
  [MessageReader, 'read', 'reader'],
  [AnnounceRule, 'announce', 'announce-rule'],
  [SwarmTable, 'enter', 'swarm-table'],
  [Swarm, 'choose', 'swarm'],
  [FrameMemory, 'allocate', 'frame-memory'],
  [Topics, 'subscribe', 'topics'],
  [Connection, 'send', 'connection'],
  [Connection, 'flush', 'connection'],
];
let tracker: RunningTracker;
/** The files of each stack, the outermost first, each as often as it was entered. */
let stacks: string[][] = [];
let undo: () => void;
beforeAll(async () => {
  undo = watchTrip(PLACES, (files) => stacks.push(files));
  tracker = await startTracker();
});
beforeEach(() => {
  stacks = [];
});
afterAll(async () => {
  await tracker.stop();
  undo();
});

const announce = { action: 'announce', info_hash: 'h'.repeat(20), left: 1, numwant: 5 };
const offers = [{ offer: { type: 'offer', sdp: 'x' }, offer_id: 'o'.repeat(20) }];

it('an announce with offers passes at most 12 files, and goes back once', async () => {
  const [there, coming] = [await HandClient.open(tracker.url), await HandClient.open(tracker.url)];
  there.send({ ...announce, peer_id: 'a'.repeat(20) });
  await there.take('a reply', (message) => 'interval' in message);
  stacks = [];
  coming.send({ ...announce, peer_id: 'b'.repeat(20), offers });
  await there.take('the offer', (message) => 'offer' in message);
  const files = new Set(stacks.flat());
  for (const file of ['server-socket', 'reader', 'announce-rule', 'swarm', 'writer', 'connection'])
    expect([...files]).toContain(file);
  expect([files.size <= 12, ...files]).toEqual([true, ...files]);
  for (const stack of stacks) expect([goingsBack(stack) <= 1, ...stack]).toEqual([true, ...stack]);
  for (const { socket } of [there, coming]) socket.terminate();
});

it('a Graffiti subscribe passes at most 8 files', async () => {
  const client = await HandClient.open(tracker.url);
  client.socket.send('p'.repeat(64));
  await client.take('its id', (message) => 'peer_id' in message);
  stacks = [];
  client.send({ messageID: 'a'.repeat(64), action: 'subscribe', info_hashes: ['b'.repeat(64)] });
  await client.take('the answer', (message) => 'messageID' in message);
  const files = new Set(stacks.flat());
  for (const file of ['server-socket', 'session', 'topics', 'connection']) expect([...files]).toContain(file);
  expect([files.size <= 8, ...files]).toEqual([true, ...files]);
  client.socket.terminate();
});
