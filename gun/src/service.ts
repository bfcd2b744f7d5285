// Puts the gun relay together. Opens nothing itself: the parts do, when they are started.
import { createMetrics, createOperations, memoryLimitBytes, type Log, type Part } from '@relay-swarm/kit';
import {
  type AddressAccount,
  AddressBuckets,
  countJsonValues,
  createBudget,
  createInsiderCheck,
  isTurnOver,
  type Payer,
  Payments,
  registerBudget,
} from '@relay-swarm/net';
import { SocketMemory, type HeldSocket } from '@relay-swarm/net/socket-memory';
import { isRefused, readFrame } from './frame.ts';
import { createGraph } from './graph.ts';
import { createLinks } from './links.ts';
import { createGunServer, type GunServer } from './server.ts';
import {
  BYTES_PER_MESSAGE,
  CONTROL_COST,
  hearingCost,
  parsingCost,
  PIECE_COST,
  rateOfAddress,
  rateOfConnection,
} from './prices.ts';
import type { GunSettings } from './settings.ts';
import type { Wire, WireListener } from './wire.ts';

/** From the first piece of a message to its last one. */
const UNFINISHED_MS_MAX = 30_000;

export interface GunService {
  readonly parts: readonly Part[];
  readonly server: GunServer;
}

export function buildGunRelay(
  settings: GunSettings,
  log: Log,
  monotonicMs = (): number => performance.now(),
): GunService {
  const metrics = createMetrics('gun');
  const budget = createBudget(settings.budgetBytesMax, memoryLimitBytes() - 2 * settings.memoryBytesMax);
  const memory = new SocketMemory<HeldSocket>({ budget, unfinishedMsMax: UNFINISHED_MS_MAX });
  const limits = { ...settings, pingMs: settings.pingSeconds * 1000, memory, monotonicMs };
  const counters = { messages: 0, refused: 0, rests: 0, tooMany: 0 };
  const graph = createGraph(settings.memoryBytesMax, (words) => log.debug('gun', { words }));
  const own = rateOfConnection(settings.messagesPerSecond);
  const addresses = new AddressBuckets(rateOfAddress(settings.messagesPerAddressPerSecond));
  const payments = new Payments<Client>({
    ...{ own, addresses, monotonicMs, bytesPerMessage: BYTES_PER_MESSAGE, pieceCost: PIECE_COST, isTurnOver },
    rests: () => counters.rests++,
    end: (client) => {
      counters.tooMany++;
      client.wire.end('message_rate');
    },
  });

  const open = (wire: Wire, isLink: boolean): WireListener => {
    const peer = graph.attach(wire, isLink);
    if (isLink) peer.catchUp();
    const client = new Client(wire, addresses.enter(wire.addressKey, monotonicMs()));
    payments.begin(client);
    return {
      restMs: (bytes) => payments.restMs(client, bytes),
      control: () => payments.pay(client, CONTROL_COST),
      frame: (frame) => {
        if (!payments.pay(client, parsingCost(countJsonValues(frame)))) return;
        const messages = readFrame(frame.toString('utf8'), Date.now());
        counters.messages += messages.length;
        if (!payments.pay(client, hearingCost(messages, frame.length, graph.peers - 1))) return;
        for (const message of messages) {
          if (!isRefused(message)) peer.hear(message);
          else {
            counters.refused++;
            if (message.refused !== undefined)
              peer.refuse(message.refused, 'This relay does not take such a message');
          }
        }
      },
      closed: () => {
        addresses.leave(wire.addressKey);
        peer.gone();
      },
    };
  };
  const links = createLinks({
    ...settings,
    everyMs: settings.linkSeconds * 1000,
    opened: (wire) => open(wire, true),
    ...{ limits, log, monotonicMs },
  });
  let ticking: NodeJS.Timeout | undefined;
  const unfinished: Part = {
    name: 'unfinished-messages',
    start: () => {
      ticking = setInterval(() => {
        memory.tick(monotonicMs());
        addresses.tick(monotonicMs());
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
    addresses,
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
  metrics.counter(
    'rests_total',
    'Times that an eager client was made to wait, for its debt or for a turn',
    () => counters.rests,
  );
  metrics.counter(
    'connections_ended_total',
    'Connections ended by this relay',
    () => ({ message_rate: counters.tooMany }),
    'reason',
  );
  metrics.counter('connections_refused_total', 'Upgrades beyond a limit', () => server.refused());
  metrics.counter('links_failed_total', 'Links that could not be opened, or ended', () => links.failed());
  registerBudget(metrics, budget);
  server.door.register(metrics);
  return { parts: [unfinished, server, links], server };
}

/** The account that pays for what a wire brings. */
class Client implements Payer {
  thousandths = 0;
  isPaidAhead = false;
  filledAtMs = 0;
  readonly wire: Wire;
  readonly account: AddressAccount;

  constructor(wire: Wire, account: AddressAccount) {
    this.wire = wire;
    this.account = account;
  }

  get isResting(): boolean {
    return this.wire.isResting;
  }

  rest(milliseconds: number): void {
    this.wire.rest(milliseconds);
  }
}
