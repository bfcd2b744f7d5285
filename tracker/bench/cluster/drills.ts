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

async function ghosts(nodes: Nodes): Promise<number> {
  await sleep(3_000);
  return (await nodes.differences()).ghosts;
}

async function remove(nodes: Nodes): Promise<void> {
  const { tracker, crowd } = nodes.places.pop()!;
  crowd.end();
  await tracker.stop();
}
