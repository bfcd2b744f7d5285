// What happens to a cluster in the drills, and what is measured of each. Sentences go to whoever reads them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Nodes } from './nodes.ts';

export interface DrillOptions {
  readonly nodes: Nodes;
  /** Announces with an offer in each second, at each tracker. */
  readonly offersPerSecond: number;
  readonly engineHangsSeconds: number;
  readonly report: (text: string) => void;
}

type Drill = (options: DrillOptions) => Promise<void>;

const WHOLE_MS_MAX = 30_000;
const text = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const drills: Readonly<Record<string, Drill>> = {
  joined: async ({ nodes, offersPerSecond, report }) => {
    const joined = await nodes.lostWhile(offersPerSecond, 6, () => nodes.add('node', 0));
    report(`joined: ${joined} offers lost (bar: 0), whole after ${text(await nodes.whole(WHOLE_MS_MAX))}`);
  },
  drained: async ({ nodes, offersPerSecond, report }) => {
    const place = nodes.places.at(-1)!;
    const drained = await nodes.lostWhile(offersPerSecond, 6, async () => {
      place.isOut = true;
      await place.tracker.stop();
    });
    report(`drained: ${drained} offers lost, whole after ${text(await nodes.whole(WHOLE_MS_MAX))}`);
    await remove(nodes);
  },
  blip: async ({ nodes, offersPerSecond, report }) => {
    const lost = await nodes.lostWhile(offersPerSecond, 3, async () => {
      nodes.nats.freeze();
      await sleep(300);
      nodes.nats.thaw();
    });
    report(`engine hangs 300 ms: ${lost} offers lost, whole after ${text(await nodes.whole(WHOLE_MS_MAX))}`);
  },
  'engine-killed': async ({ nodes, offersPerSecond, report }) => {
    const lost = await nodes.lostWhile(offersPerSecond, 9, async () => {
      await nodes.nats.kill();
      await sleep(4_000);
      await nodes.nats.run();
      report(
        `engine killed for 4 s: whole ${text(await nodes.whole(WHOLE_MS_MAX))} after it was back (bar: 2)`,
      );
    });
    report(`engine killed: ${lost} offers lost, ${await ghosts(nodes)} ghosts`);
  },
  'engine-frozen': async ({ nodes, offersPerSecond, engineHangsSeconds, report }) => {
    const before = nodes.memory();
    nodes.nats.freeze();
    await sleep(2_500);
    const lost = await nodes.lostWhile(offersPerSecond, engineHangsSeconds, () => Promise.resolve());
    const more = nodes.memory().map((megabytes, index) => Math.round(megabytes - before[index]!));
    nodes.nats.thaw();
    const whole = await nodes.whole(WHOLE_MS_MAX);
    report(
      `engine hangs ${engineHangsSeconds} s: ${lost} offers lost from its third second on, memory ${more.join(', ')} MB more (bar: 32), ` +
        `whole ${text(whole)} after it went on (bar: 2), ${await ghosts(nodes)} ghosts`,
    );
  },
  // A machine whose wire to the engine is cut: its clients stay, and nobody is told.
  partitioned: async ({ nodes, offersPerSecond, report }) => {
    const place = await nodes.addMachine(18);
    const { machine } = place;
    await nodes.whole(WHOLE_MS_MAX);
    const before = await nodes.offers();
    nodes.offer(offersPerSecond);
    await sleep(1_000);
    machine.cut('engine', true);
    place.isOut = true;
    report(`partitioned: the others whole after ${text(await nodes.whole(WHOLE_MS_MAX))} (bar: 3)`);
    const alone = await nodes.wholeAlone(place, WHOLE_MS_MAX);
    report(`partitioned: the node cut off counts its own clients alone ${text(alone)} later`);
    await sleep(5_000);
    machine.cut('engine', false);
    place.isOut = false;
    report(`healed: whole after ${text(await nodes.whole(WHOLE_MS_MAX))}, ${await ghosts(nodes)} ghosts`);
    nodes.offer(0);
    await sleep(1_000);
    const after = await nodes.offers();
    const of = (key: keyof typeof after): number => after[key] - before[key];
    report(
      `partitioned: of ${of('sent')} offers ${of('received')} arrived, ${of('repeated')} twice (bar: 0)`,
    );
    await nodes.whole(WHOLE_MS_MAX);
    await remove(nodes);
    await machine.end();
  },
  // Each node in turn is replaced by a new one, with clients that come through an nginx before all.
  rolling: async ({ nodes, offersPerSecond, report }) => {
    const front = await nodes.addFront(54);
    await nodes.whole(WHOLE_MS_MAX);
    nodes.offer(offersPerSecond);
    let before = sumOf((await front.ask()).losses);
    for (const [index, place] of nodes.places.entries()) {
      const connections = await place.tracker.metric('tracker_connections');
      place.isOut = true;
      await place.tracker.stop();
      await nodes.whole(WHOLE_MS_MAX);
      await nodes.replace(place);
      await nodes.whole(WHOLE_MS_MAX);
      const after = sumOf((await front.ask()).losses);
      const own = Object.values((await place.crowd.ask()).connected).reduce((sum, count) => sum + count, 0);
      report(
        `rolling: node ${index + 1} replaced, ${after - before} connections lost of ${connections - own} at it through nginx (bar: as many at most)`,
      );
      before = after;
    }
    nodes.offer(0);
    const most = Math.max(0, ...Object.keys((await front.ask()).losses).map(Number));
    report(
      `rolling: ${most} reconnects at most of one client over three updates, ${await ghosts(nodes)} ghosts`,
    );
    await nodes.removeFront();
    await nodes.whole(WHOLE_MS_MAX);
  },
  frozen: async ({ nodes, report }) => {
    const place = nodes.places.at(-1)!;
    place.tracker.freeze();
    place.isOut = true;
    report(`node frozen: the others whole after ${text(await nodes.whole(WHOLE_MS_MAX))} (bar: 3)`);
    await sleep(5_000);
    place.tracker.thaw();
    place.isOut = false;
    report(
      `node thawed: whole after ${text(await nodes.whole(WHOLE_MS_MAX))}, ${await ghosts(nodes)} ghosts`,
    );
  },
  killed: async ({ nodes, offersPerSecond, report }) => {
    const place = nodes.places.at(-1)!;
    nodes.offer(offersPerSecond);
    await sleep(1_000);
    place.tracker.kill();
    place.isOut = true;
    report(`node killed: whole after ${text(await nodes.whole(WHOLE_MS_MAX))} (bar: 3)`);
    nodes.offer(0);
    report(`node killed: ${await ghosts(nodes)} ghosts 3 s later`);
    await remove(nodes);
  },
};

const sumOf = (losses: Readonly<Record<number, number>>): number =>
  Object.entries(losses).reduce((sum, [times, clients]) => sum + Number(times) * clients, 0);

async function ghosts(nodes: Nodes): Promise<number> {
  await sleep(3_000);
  return (await nodes.differences()).ghosts;
}

async function remove(nodes: Nodes): Promise<void> {
  const { tracker, crowd } = nodes.places.pop()!;
  crowd.end();
  await tracker.stop();
}
