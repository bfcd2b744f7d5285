// The load generator, a process of its own: `node load.mjs <json of the scenario>`; writes one JSON object with what it saw.
// A closed loop: each connection has one announce under way, never more. An announce is over once its reply and the answers to all its
// offers have arrived; then the next one starts. With `announcesPerSecond` set, announces also wait for the clock.
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { Connection, counters } from './connection.mjs';
import { announceFrame, answerTemplate, offerNumberPlaces, renumberOffers } from './frames.mjs';
import { cpuMicroseconds, residentKilobytes } from '../../bench/process.mjs';

const OFFERS = 10;
/** This share of the connections is opened before CPU is counted: the first seconds of a process are its compiler's. */
const WARMING = 0.2;
/** An announce that is not over by then counts as lost, and the loop goes on. */
const ANNOUNCE_MS_MAX = 10_000;

const scenario = JSON.parse(process.argv[2]);
const { port, pids, connectionsCount, swarmSize, isSecure = false, nodes } = scenario;

/** Of several nodes: the one that owns the connection's swarm, or each in turn. */
const portOf = (index) => {
  if (nodes === undefined) return port;
  const { ports, placement, ownerOfSwarm } = nodes;
  return ports[placement === 'owner' ? ownerOfSwarm[Math.floor(index / swarmSize)] : index % ports.length];
};

let latenciesMs = [];
let announces = 0;
let lost = 0;
let isRunning = true;
let turnsAllowed = Infinity;
const waiting = [];

const connections = [];
for (let index = 0; index < connectionsCount; index++) {
  const swarm = Math.floor(index / swarmSize);
  connections.push(
    new Connection(index, answerTemplate(index, swarm), { onReply, onAnswer: finishIfComplete }),
  );
}

function onReply(connection) {
  latenciesMs.push(performance.now() - connection.startedAtMs);
  finishIfComplete(connection);
}

function finishIfComplete(connection) {
  if (connection.isReplied && connection.answersMissing === 0 && connection.isBusy) finish(connection);
}

function finish(connection) {
  connection.isBusy = false;
  waiting.push(connection);
  startAnnounces();
}

function startAnnounces() {
  while (isRunning && turnsAllowed >= 1 && waiting.length > 0) {
    turnsAllowed -= 1;
    announce(waiting.shift());
  }
}

function announce(connection) {
  connection.isBusy = true;
  connection.isReplied = false;
  connection.answersMissing = OFFERS;
  connection.number += 1;
  announces += 1;
  renumberOffers(connection.announce, connection.places, connection.number);
  connection.startedAtMs = performance.now();
  connection.send(connection.announce);
}

function giveUpOnLost() {
  const now = performance.now();
  for (const connection of connections) {
    if (!connection.isBusy || now - connection.startedAtMs < ANNOUNCE_MS_MAX) continue;
    lost += 1;
    finish(connection);
  }
}

/** Opens all connections, a few hundred a second, each with its first announce. Returns what was when a fifth had come: until then a server warms up. */
async function join(offersCount) {
  let warm = snapshot();
  for (let at = 0; at < connectionsCount; at += 25) {
    if (at === Math.floor((WARMING * connectionsCount) / 25) * 25) warm = snapshot();
    const some = connections.slice(at, at + 25);
    await Promise.all(some.map((connection) => connection.open(portOf(connection.index), isSecure)));
    for (const connection of some) {
      const swarm = Math.floor(connection.index / swarmSize);
      connection.send(announceFrame(connection.index, swarm, offersCount, 'started'));
    }
    await sleep(25);
  }
  for (let tries = 0; counters.replies < connectionsCount; tries++) {
    if (tries === 200)
      throw new Error(`Cannot go on: ${counters.replies} of ${connectionsCount} announces answered`);
    await sleep(50);
  }
  return warm;
}

async function measureMessages() {
  await join(0);
  for (const connection of connections) {
    connection.announce = announceFrame(connection.index, Math.floor(connection.index / swarmSize), OFFERS);
    connection.places = offerNumberPlaces(connection.announce);
    connection.number = 0;
    connection.isBusy = false;
  }
  // Neighbours in turn are of different swarms.
  waiting.push(...connections.toSorted((a, b) => (a.index % swarmSize) - (b.index % swarmSize)));
  setInterval(giveUpOnLost, 1_000).unref();
  if (scenario.announcesPerSecond > 0) paceTurns(scenario.announcesPerSecond);
  startAnnounces();

  await sleep(scenario.warmUpSeconds * 1_000);
  const before = snapshot();
  latenciesMs = [];
  await sleep(scenario.seconds * 1_000);
  const after = snapshot();
  isRunning = false;

  const seconds = (after.atMs - before.atMs) / 1_000;
  const messages = after.messages - before.messages;
  latenciesMs.sort((a, b) => a - b);
  return {
    seconds,
    messagesPerSecond: messages / seconds,
    announcesPerSecond: (after.announces - before.announces) / seconds,
    cpuPerMessageMicroseconds: (after.cpu - before.cpu) / messages,
    cpuPerMessageOfEach: after.cpuOfEach.map((cpu, index) => (cpu - before.cpuOfEach[index]) / messages),
    serverCores: (after.cpu - before.cpu) / 1e6 / seconds,
    loadCores: (after.ownCpu - before.ownCpu) / 1e6 / seconds,
    latencyMs: { p50: quantile(0.5), p99: quantile(0.99) },
    residentKilobytes: sum(pids.map(residentKilobytes)),
    lost,
    ...counters,
  };
}

function paceTurns(perSecond) {
  turnsAllowed = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    // Turns that a slow server missed are not made up for.
    turnsAllowed = Math.min(turnsAllowed + ((now - last) * perSecond) / 1_000, perSecond / 20);
    last = now;
    startAnnounces();
  }, 2);
}

/** Opens all connections, each with an announce that is answered: against a server that does no more. */
async function measureOpen() {
  const warm = await join(0);
  const openMicroseconds = (cpuNow() - warm.cpu) / ((1 - WARMING) * connectionsCount);
  await sleep(scenario.settleSeconds * 1_000);
  return {
    openMicroseconds,
    idleKilobytes: sum(pids.map(residentKilobytes)),
  };
}

/** Opens all connections with an announce that offers nothing, then lets each announce ten offers: CPU of opening, memory of both. */
async function measureMemory() {
  const warm = await join(0);
  const openMicroseconds = (cpuNow() - warm.cpu) / ((1 - WARMING) * connectionsCount);
  await sleep(scenario.settleSeconds * 1_000);
  const idleKilobytes = sum(pids.map(residentKilobytes));
  for (const connection of connections) {
    connection.answersMissing = OFFERS;
    connection.send(announceFrame(connection.index, Math.floor(connection.index / swarmSize), OFFERS));
    if (connection.index % 25 === 24) await sleep(25);
  }
  await sleep(scenario.settleSeconds * 1_000);
  return {
    openMicroseconds,
    idleKilobytes,
    residentKilobytes: sum(pids.map(residentKilobytes)),
    lost,
    ...counters,
  };
}

/** Connections that are opened and closed again, as many at a time as `connectionsCount`: CPU for each. */
async function measureHandshakes() {
  const session = scenario.isResumed ? { current: undefined } : undefined;
  const one = async (template) => {
    const connection = new Connection(0, template, { onReply: () => undefined, onAnswer: () => undefined });
    await connection.open(port, isSecure, session);
    if (session?.current === undefined) await sleep(session === undefined ? 0 : 20); // tickets come after the handshake
    const { socket } = connection;
    if (socket instanceof TLSSocket && socket.isSessionReused()) resumed += 1;
    socket?.destroy();
    opened += 1;
  };
  let [opened, resumed, isOver] = [0, 0, false];
  const template = answerTemplate(0, 0);
  await one(template);
  const workers = connections.map(async () => {
    while (!isOver) await one(template);
  });
  await sleep(scenario.warmUpSeconds * 1_000);
  const [before, openedBefore, resumedBefore] = [snapshot(), opened, resumed];
  await sleep(scenario.seconds * 1_000);
  const count = opened - openedBefore;
  const after = snapshot();
  isOver = true;
  await Promise.all(workers);
  return {
    openMicroseconds: (after.cpu - before.cpu) / count,
    openMicrosecondsOfEach: after.cpuOfEach.map((cpu, index) => (cpu - before.cpuOfEach[index]) / count),
    perSecond: count / scenario.seconds,
    resumedShare: (resumed - resumedBefore) / count,
    residentKilobytes: sum(pids.map(residentKilobytes)),
  };
}

const cpuNow = () => sum(pids.map(cpuMicroseconds));

function snapshot() {
  return {
    atMs: performance.now(),
    cpu: cpuNow(),
    cpuOfEach: pids.map(cpuMicroseconds),
    ownCpu: cpuMicroseconds(process.pid),
    messages: counters.received,
    announces,
  };
}

function quantile(share) {
  return latenciesMs[Math.floor((latenciesMs.length - 1) * share)] ?? 0;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

const measureKind = {
  open: measureOpen,
  memory: measureMemory,
  messages: measureMessages,
  handshakes: measureHandshakes,
};
const result = await measureKind[scenario.kind]();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
