// Puts the gun relay together. Opens nothing itself: the parts do, when they are started.
import { createMetrics, createOperations, type Log, type Part } from '@relay-swarm/kit';
import { createInsiderCheck, debtMs, newBucket, spendTokens } from '@relay-swarm/net';
import { messageRate, readFrame } from './frame.ts';
import { createGraph } from './graph.ts';
import { createLinks } from './links.ts';
import { createGunServer, type GunServer } from './server.ts';
import type { GunSettings } from './settings.ts';
import type { Wire, WireListener } from './wire.ts';

export interface GunService {
  readonly parts: readonly Part[];
  readonly server: GunServer;
}

export function buildGunRelay(settings: GunSettings, log: Log, now = Date.now): GunService {
  const metrics = createMetrics('gun');
  const limits = { ...settings, pingMs: settings.pingSeconds * 1000 };
  const counters = { messages: 0, refused: 0 };
  const graph = createGraph(settings.memoryBytesMax, (words) => log.debug('gun', { words }));
  const ownRate = messageRate(settings.messagesPerSecond, settings.frameBytesMax);
  const allRate = messageRate(settings.messagesPerSecondMax, settings.frameBytesMax);
  const all = newBucket(allRate, now());

  const open = (wire: Wire, isLink: boolean): WireListener => {
    const peer = graph.attach(wire);
    if (isLink) peer.catchUp();
    const own = newBucket(ownRate, now());
    return {
      text: (text) => {
        const nowMs = now();
        const messages = readFrame(text, nowMs);
        for (const message of messages) {
          if (message === undefined) counters.refused++;
          else peer.hear(message);
        }
        counters.messages += messages.length;
        return Math.max(
          debtMs(spendTokens(own, ownRate, messages.length, nowMs), ownRate),
          debtMs(spendTokens(all, allRate, messages.length, nowMs), allRate),
        );
      },
      closed: () => peer.gone(),
    };
  };
  const links = createLinks({
    ...settings,
    everyMs: settings.linkSeconds * 1000,
    opened: (wire) => open(wire, true),
    ...{ limits, log, now },
  });
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
  return { parts: [server, links], server };
}
