// Puts the gun relay together. Opens nothing itself: the parts do, when they are started.
import { createMetrics, createOperations, memoryLimitBytes, type Log, type Part } from '@relay-swarm/kit';
import {
  AddressBuckets,
  createBudget,
  createInsiderCheck,
  debtMs,
  newBucket,
  registerBudget,
  spendTokens,
} from '@relay-swarm/net';
import { SocketMemory, type HeldSocket } from '@relay-swarm/net/socket-memory';
import { BYTES_PER_MESSAGE, isRefused, messageRate, readFrame } from './frame.ts';
import { createGraph } from './graph.ts';
import { createLinks } from './links.ts';
import { createGunServer, type GunServer } from './server.ts';
import type { GunSettings } from './settings.ts';
import type { Wire, WireListener } from './wire.ts';

/** From the first piece of a message to its last one. */
const UNFINISHED_MS_MAX = 30_000;
/** What each piece that comes costs beside its bytes, since it wakes us up, and each ping, pong or fragment in it. */
const PIECE_COST = 0.1;
const CONTROL_COST = 0.2;

export interface GunService {
  readonly parts: readonly Part[];
  readonly server: GunServer;
}

export function buildGunRelay(settings: GunSettings, log: Log, now = Date.now): GunService {
  const metrics = createMetrics('gun');
  const budget = createBudget(settings.budgetBytesMax, memoryLimitBytes() - 2 * settings.memoryBytesMax);
  const memory = new SocketMemory<HeldSocket>({ budget, unfinishedMsMax: UNFINISHED_MS_MAX });
  const limits = { ...settings, pingMs: settings.pingSeconds * 1000, memory, nowMs: now };
  const counters = { messages: 0, refused: 0 };
  const graph = createGraph(settings.memoryBytesMax, (words) => log.debug('gun', { words }));
  const ownRate = messageRate(settings.messagesPerSecond, settings.frameBytesMax);
  const ofAddresses = new AddressBuckets({
    perSecond: settings.messagesPerAddressPerSecond,
    burst: settings.messagesPerAddressPerSecond,
  });

  const open = (wire: Wire, isLink: boolean): WireListener => {
    const peer = graph.attach(wire, isLink);
    if (isLink) peer.catchUp();
    const own = newBucket(ownRate, now());
    const ofAddress = ofAddresses.enter(wire.addressKey, now());
    const { rate } = ofAddresses;
    const pay = (price: number, nowMs: number): number =>
      Math.max(
        debtMs(spendTokens(own, ownRate, price, nowMs), ownRate),
        debtMs(spendTokens(ofAddress, rate, price, nowMs), rate),
      );
    return {
      restMs: (bytes) => {
        const nowMs = now();
        const owedMs = pay(0, nowMs);
        if (owedMs === 0) pay(PIECE_COST + bytes / BYTES_PER_MESSAGE, nowMs);
        return owedMs;
      },
      control: () => void pay(CONTROL_COST, now()),
      text: (text) => {
        const nowMs = now();
        const messages = readFrame(text, nowMs);
        for (const message of messages) {
          if (!isRefused(message)) peer.hear(message);
          else {
            counters.refused++;
            if (message.refused !== undefined)
              peer.refuse(message.refused, 'This relay does not take such a message');
          }
        }
        counters.messages += messages.length;
        pay(messages.length, nowMs);
      },
      closed: () => {
        ofAddresses.leave(wire.addressKey);
        peer.gone();
      },
    };
  };
  const links = createLinks({
    ...settings,
    everyMs: settings.linkSeconds * 1000,
    opened: (wire) => open(wire, true),
    ...{ limits, log, now },
  });
  let ticking: NodeJS.Timeout | undefined;
  const unfinished: Part = {
    name: 'unfinished-messages',
    start: () => {
      ticking = setInterval(() => {
        memory.tick(now());
        ofAddresses.tick(now());
      }, 1_000);
      return Promise.resolve();
    },
    stop: () => {
      clearInterval(ticking);
      return Promise.resolve();
    },
  };
  const server = createGunServer(
    settings,
    limits,
    createOperations(metrics, () => ({ ok: true, state: 'ok' }), createInsiderCheck(settings.trustedProxies)),
    open,
  );

  metrics.gauge('connections', 'Open WebSockets of clients and of other relays', () => server.connections());
  metrics.gauge('links', 'Open WebSockets that this relay has dialled', () => links.open());
  metrics.gauge('memory_bytes', 'What the kept part of the graph takes, roughly', () => graph.memory.bytes);
  metrics.gauge('souls', 'Nodes of the graph that are kept', () => graph.memory.souls);
  metrics.counter('souls_forgotten_total', 'Nodes that made room for others', () => graph.memory.forgotten);
  metrics.counter('messages_total', 'Messages that arrived', () => counters.messages);
  metrics.counter('messages_refused_total', 'Messages that did not reach gun', () => counters.refused);
  metrics.counter('connections_refused_total', 'Upgrades beyond a limit', () => server.refused());
  metrics.counter('links_failed_total', 'Links that could not be opened, or ended', () => links.failed());
  registerBudget(metrics, budget);
  return { parts: [unfinished, server, links], server };
}
