// The lab behind scripts/lab: its commands and its trials, whatever its relays run in.
import { setTimeout as sleep } from 'node:timers/promises';
import { containers } from './lab/containers.mjs';
import { processes } from './lab/processes.mjs';
import { trialsOf } from './lab/trials.mjs';
import { fail } from './prepare.mjs';

const RELAYS_MAX = 100;

const args = process.argv.slice(2);
const driver = args[0] === '--processes' ? processes : containers;
const [command = '', ...words] = driver === processes ? args.slice(1) : args;

/** Every relay that is up, with the numbers of those that it lists. */
async function rostersNow() {
  const up = (await driver.relays()).filter(({ state }) => state === 'up');
  const lists = await Promise.all(up.map(driver.rosterOf));
  return up.map((relay, i) => ({
    ...relay,
    lists: (lists[i] ?? []).map(({ number }) => number).sort((a, b) => a - b),
  }));
}

/** Whether each running relay lists those that it can reach, and nobody else. */
async function isSettled() {
  const up = await rostersNow();
  return up.every(({ side, lists }) => {
    const wanted = up.filter((other) => other.side === side).map(({ number }) => number);
    return wanted.join() === lists.join();
  });
}

/** Whether no running relay lists this one. */
const isGone = async (/** @type {number} */ number) =>
  (await rostersNow()).every(({ lists }) => !lists.includes(number));

/** @param {() => Promise<boolean>} isSo @returns {Promise<number | undefined>} the seconds that it took, where it came to be */
async function until(isSo, secondsMax) {
  const startedAtMs = performance.now();
  for (;;) {
    const isDone = await isSo();
    const seconds = (performance.now() - startedAtMs) / 1000;
    if (isDone) return seconds;
    if (seconds > secondsMax) return undefined;
    await sleep(200);
  }
}

async function wait(secondsMax) {
  const seconds = await until(isSettled, secondsMax);
  if (seconds === undefined) {
    await rosters();
    fail(`The rosters are not complete after ${secondsMax} s`);
  }
  console.log(`every relay lists all that it can reach and nobody else, after ${seconds?.toFixed(1)} s`);
}

async function up(count, options) {
  driver.check(options);
  await driver.up(count, options, console.log);
  await wait(60 + 5 * count);
}

async function rosters() {
  for (const relay of await driver.relays()) {
    const { number, where, state, side } = relay;
    console.log(`relay ${number}  ${where}  ${state === 'up' && side !== 0 ? 'cut off' : state}`);
    if (state !== 'up') continue;
    for (const listed of await driver.rosterOf(relay)) {
      const { state: health, load, ageSeconds } = listed;
      console.log(`    lists ${listed.number}  ${health}, load ${load}, told ${ageSeconds} s ago`);
    }
  }
}

async function relay(word) {
  const found = (await driver.relays()).find(({ number }) => number === Number(word));
  return found ?? fail(`There is no relay ${word ?? ''} in the lab: "scripts/lab rosters" lists them`);
}
const relays = (list) => Promise.all(list.split(',').map(relay));

function count(word, otherwise, most, what) {
  if (word === undefined) return otherwise;
  const number = Number(word);
  return Number.isInteger(number) && number >= 1 && number <= most
    ? number
    : fail(`${what} must be a whole number from 1 to ${most}, not "${word}"`);
}

const commands = {
  up: () => up(count(words[0], 3, RELAYS_MAX, 'The number of relays'), words.slice(1)),
  rosters,
  wait: () => wait(count(words[0], 60, 3_600, 'The number of seconds')),
  stop: async () => driver.stop(await relay(words[0])),
  kill: async () => driver.kill(await relay(words[0])),
  start: async () => driver.start(await relay(words[0])),
  freeze: async () => driver.freeze(await relay(words[0])),
  thaw: async () => driver.thaw(await relay(words[0])),
  partition: async () => driver.partition(await relays(words[0] ?? '')),
  heal: async () => driver.heal(words[0] === undefined ? await driver.relays() : await relays(words[0])),
  try: () => trialsOf(driver, { until, isSettled, isGone }).run(words),
  down: () => driver.down(),
};
if (command !== 'up' && command !== 'down' && (await driver.relays()).length === 0)
  fail('No lab is up: "up" starts one');
const run =
  commands[command] ?? (() => fail(`There is no command "${command}": scripts/lab --help lists them`));
await run().catch((error) => fail(error.message));
