// What may befall the relays of a lab that is up, one after the other, and how long it took until all knew.
import { setTimeout as sleep } from 'node:timers/promises';
import { fail } from '../prepare.mjs';

/** @typedef {import('./driver.mjs').Relay} Relay */

/**
 * @param {import('./driver.mjs').Driver} driver
 * @param {{ until: (isSo: () => Promise<boolean>, secondsMax: number) => Promise<number | undefined>, isSettled: () => Promise<boolean>,
 *   isGone: (number: number) => Promise<boolean> }} eyes
 */
export function trialsOf(driver, { until, isSettled, isGone }) {
  /** Waits three times as long as it may take, so that a late one is told by its seconds. */
  const tell = async (what, isSo, barSeconds) => {
    const seconds = await until(isSo, barSeconds * 3);
    const took = seconds === undefined ? `not within ${barSeconds * 3} s` : `${seconds.toFixed(1)} s`;
    console.log(`${what}: ${took} (bar: ${barSeconds} s)`);
  };
  const some = async (index) => {
    const all = await driver.relays();
    return /** @type {Relay} */ (all[index % all.length]);
  };
  /** One is gone in that way, and comes back in this. */
  const comeAndGo = async (relay, name, go, back, backBy) => {
    await go(relay);
    await tell(`a ${name} relay is gone from every roster`, () => isGone(relay.number), 30);
    await back(relay);
    await tell(`it is back in every roster after its ${backBy}`, isSettled, 30);
  };

  /** @type {Record<string, (minutes: number) => Promise<void>>} */
  const trials = {
    kill: async () => comeAndGo(await some(1), 'killed', driver.kill, driver.start, 'start'),
    freeze: async () => comeAndGo(await some(2), 'frozen', driver.freeze, driver.thaw, 'thaw'),
    stop: async () => comeAndGo(await some(3), 'stopped', driver.stop, driver.start, 'start'),
    partition: async () => {
      if (!driver.canPartition) return console.log('left out: this lab cannot be cut in two');
      const all = await driver.relays();
      const half = all.slice(0, Math.floor(all.length / 2));
      await driver.partition(half);
      await tell('cut off: all know the loss of those they do not reach', isSettled, 30);
      await sleep(60_000);
      await driver.heal(await driver.relays());
      await tell('whole again after 60 s more', isSettled, 60);
    },
    /** Every five seconds one is killed, and the one that was killed 30 s before comes back. */
    churn: async (minutes) => {
      /** @type {Relay[]} */
      const dead = [];
      for (const endsAtMs = performance.now() + minutes * 60_000; performance.now() < endsAtMs;) {
        const living = (await driver.relays()).filter(({ state }) => state === 'up');
        const victim = /** @type {Relay} */ (living[Math.floor(Math.random() * living.length)]);
        await driver.kill(victim);
        dead.push(victim);
        if (dead.length > 6 || living.length < 3) await driver.start(/** @type {Relay} */ (dead.shift()));
        await sleep(5_000);
      }
      for (const relay of dead) await driver.start(relay);
      await tell(`${minutes} minutes of churn: all rosters complete after the last start`, isSettled, 90);
    },
  };

  return {
    /** @param {readonly string[]} words names, in order; all where there are none; churn=MINUTES */
    run: async (words) => {
      const wanted = words.length === 0 ? ['kill', 'freeze', 'stop', 'partition'] : words;
      const unknown = wanted.find((word) => !/^(kill|freeze|stop|partition|churn=\d+)$/.test(word));
      if (unknown !== undefined)
        fail(`There is no trial "${unknown}", only kill, freeze, stop, partition, churn=MINUTES`);
      if (!(await isSettled())) fail('The lab is not up, or not settled: "scripts/lab wait" waits for it');
      for (const word of wanted) {
        const [name = '', minutes] = word.split('=');
        console.log(`${name}: ${await driver.costs()}`);
        await trials[name]?.(Number(minutes));
        await sleep(5_000);
      }
      console.log(`at the end: ${await driver.costs()}`);
    },
  };
}
