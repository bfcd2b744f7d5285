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
import { isRefused, messageRate, priceOf, readFrame } from './frame.ts';
import { createGraph } from './graph.ts';
import { createLinks } from './links.ts';
import { createGunServer, type GunServer } from './server.ts';
import type { GunSettings } from './settings.ts';
import { createIntake, type Wire, type WireListener } from './wire.ts';

export interface GunService {
  readonly parts: readonly Part[];
  readonly server: GunServer;
}

export function buildGunRelay(settings: GunSettings, log: Log, now = Date.now): GunService {
  const metrics = createMetrics('gun');
  const budget = createBudget(settings.budgetBytesMax, memoryLimitBytes() - 2 * settings.memoryBytesMax);
  const intake = createIntake(now);
  const limits = { ...settings, pingMs: settings.pingSeconds * 1000, budget, intake };
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
      debtMs: () => pay(0, now()),
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
        pay(priceOf(messages.length, text.length), nowMs);
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
        intake.tick();
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
