// The state machine against a model: any sequence of requests, packets and time, and what must hold after each step.
import fc from 'fast-check';
import { FakeTransport, OWN_IPV4, relaysOf, type FakeClient } from './fake-transport.ts';
import {
  channelData,
  evenPort,
  family,
  lifetime,
  UDP_TRANSPORT,
  type Address,
} from '../contracts/stun-message.ts';

const CLIENTS = 4;
const ALLOCATIONS_MAX = 3;
const PERMISSIONS_MAX = 3;
const CHANNELS_MAX = 2;
const PORTS = 6;
/** Two hosts on the internet with two ports each, and one that is forbidden. */
const PEERS: readonly Address[] = [
  { address: '192.0.2.1', port: 1 },
  { address: '192.0.2.1', port: 2 },
  { address: '192.0.2.2', port: 1 },
  { address: '192.0.2.3', port: 1 },
  { address: '192.0.2.4', port: 1 },
  { address: '10.0.0.1', port: 1 },
];

const who = fc.nat(CLIENTS - 1);
const peer = fc.nat(PEERS.length - 1);
const channel = fc.integer({ min: 0x4000, max: 0x4003 });
const step = fc.oneof(
  fc.record({ do: fc.constant('allocate' as const), who, port: fc.constantFrom('any', 'even', 'pair') }),
  fc.record({ do: fc.constant('refresh' as const), who, seconds: fc.constantFrom(0, 600, 1_200, 9_999) }),
  fc.record({ do: fc.constant('permit' as const), who, peer }),
  fc.record({ do: fc.constant('bind' as const), who, peer, channel }),
  fc.record({ do: fc.constant('send' as const), who, peer }),
  fc.record({ do: fc.constant('channelData' as const), who, channel }),
  fc.record({ do: fc.constant('fromPeer' as const), who, peer }),
  fc.record({ do: fc.constant('disconnect' as const), who }),
  // What has run out must be gone before it is swept away.
  fc.record({
    do: fc.constant('advance' as const),
    seconds: fc.constantFrom(1, 30, 299, 300, 301, 600, 1_201),
    isSwept: fc.boolean(),
  }),
);

/** What we believe each client has, kept by the simplest means there are. */
interface Model {
  endsAtMs: number;
  /** By peer address, and by channel number: until when, and to whom. */
  readonly permissions: Map<string, number>;
  readonly channels: Map<number, { peer: Address; untilMs: number }>;
}

function same(a: Address, b: Address): boolean {
  return a.address === b.address && a.port === b.port;
}

describe('the state machine', () => {
  it('relays what it should and nothing else, and its tables stay within bounds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fake = new FakeTransport({
          relayHosts: [{ bind: '0.0.0.0', announced: OWN_IPV4 }],
          relayPortMin: 50_000,
          relayPortMax: 50_000 + PORTS - 1,
          limits: {
            allocationsMax: ALLOCATIONS_MAX,
            permissionsPerAllocationMax: PERMISSIONS_MAX,
            channelsPerAllocationMax: CHANNELS_MAX,
          },
        });
        const clients = Array.from({ length: CLIENTS }, (_, at) => fake.client(`user${at}`));
        const models = new Map<FakeClient, Model>();

        for (const one of steps) {
          for (const client of clients) client.sent.length = 0;
          fake.toPeers.length = 0;
          if (one.do === 'advance') {
            fake.nowMs += one.seconds * 1000;
            if (one.isSwept) fake.turnServer.sweep();
          } else {
            const client = clients[one.who]!;
            const model = models.get(client);
            const isAlive = model !== undefined && model.endsAtMs > fake.nowMs;
            switch (one.do) {
              case 'allocate': {
                client.greet();
                const extra = one.port === 'any' ? [] : [evenPort(one.port === 'pair')];
                const outcome = client.outcome('allocate', UDP_TRANSPORT, ...extra);
                expect(outcome === 437).toBe(isAlive);
                expect(['ok', 437, 508]).toContain(outcome);
                if (outcome !== 'ok') break;
                models.set(client, {
                  endsAtMs: fake.nowMs + 600_000,
                  permissions: new Map(),
                  channels: new Map(),
                });
                break;
              }
              case 'refresh': {
                client.greet();
                expect(client.outcome('refresh', lifetime(one.seconds), family(1))).toBe(
                  isAlive ? 'ok' : 437,
                );
                if (!isAlive) break;
                const granted = one.seconds === 0 ? 0 : Math.max(600, Math.min(one.seconds, 3_600));
                model.endsAtMs = fake.nowMs + granted * 1000;
                if (granted === 0) models.delete(client);
                break;
              }
              case 'permit': {
                client.greet();
                const to = PEERS[one.peer]!;
                const outcome = client.permit(to);
                if (!isAlive) expect(outcome).toBe(437);
                else if (to.address === '10.0.0.1') expect(outcome).toBe(403);
                else if (outcome === 'ok') permitUntil(model, to.address, fake.nowMs + 300_000);
                else expect([outcome, isFull(model, fake.nowMs, to)]).toEqual([508, true]);
                break;
              }
              case 'bind': {
                client.greet();
                const to = PEERS[one.peer]!;
                const outcome = client.bind(one.channel, to);
                if (!isAlive) {
                  expect(outcome).toBe(437);
                  break;
                }
                if (outcome !== 'ok') {
                  expect([400, 403, 508]).toContain(outcome);
                  break;
                }
                expect(to.address).not.toBe('10.0.0.1');
                for (const [number, { peer: other, untilMs }] of model.channels) {
                  if (untilMs <= fake.nowMs) continue;
                  expect(number === one.channel).toBe(same(other, to));
                }
                permitUntil(model, to.address, fake.nowMs + 600_000);
                model.channels.set(one.channel, { peer: to, untilMs: fake.nowMs + 600_000 });
                break;
              }
              case 'send': {
                const to = PEERS[one.peer]!;
                client.sendTo(to, 'data');
                const isAllowed = isAlive && (model.permissions.get(to.address) ?? 0) > fake.nowMs;
                expect(fake.toPeers.map((sent) => sent.to)).toEqual(isAllowed ? [to] : []);
                break;
              }
              case 'channelData': {
                client.receive(channelData(one.channel, Buffer.from('data')));
                const bound = isAlive ? model.channels.get(one.channel) : undefined;
                const isAllowed =
                  bound !== undefined &&
                  bound.untilMs > fake.nowMs &&
                  model!.permissions.get(bound.peer.address)! > fake.nowMs;
                expect(fake.toPeers.map((sent) => sent.to)).toEqual(isAllowed ? [bound.peer] : []);
                break;
              }
              case 'fromPeer': {
                const from = PEERS[one.peer]!;
                const relayed = relaysOf(client)[0];
                if (relayed === undefined) break;
                fake.fromPeer(from, { address: OWN_IPV4, port: relayed.port }, 'data');
                const isAllowed = isAlive && (model.permissions.get(from.address) ?? 0) > fake.nowMs;
                expect(client.sent).toHaveLength(isAllowed ? 1 : 0);
                const bound = isAllowed
                  ? [...model.channels].find(
                      ([, { peer: to, untilMs }]) => untilMs > fake.nowMs && same(to, from),
                    )
                  : undefined;
                if (bound !== undefined) expect(client.sent[0]!.readUInt16BE(0)).toBe(bound[0]);
                else if (isAllowed) expect(client.sent[0]!.readUInt16BE(0)).toBe(0x0017);
                break;
              }
              case 'disconnect':
                fake.turnServer.disconnected(client);
                models.delete(client);
                break;
            }
          }
          for (const sent of fake.toPeers) expect(sent.to.address).not.toBe('10.0.0.1');
          const { table } = fake.turnServer;
          expect(table.allocations.size + table.reservations).toBeLessThanOrEqual(ALLOCATIONS_MAX);
          expect(fake.openSockets).toBe(table.allocations.size + table.reservations);
          expect(fake.turnServer.relayPortsFree).toBe(PORTS - fake.openSockets);
          for (const allocation of table.allocations) {
            expect(allocation.permissions.size).toBeLessThanOrEqual(PERMISSIONS_MAX);
            expect(allocation.channels.size).toBeLessThanOrEqual(CHANNELS_MAX);
          }
        }

        // Left alone, everything is given back.
        fake.advance(3_601_000);
        expect(fake.openSockets).toBe(0);
        expect(fake.turnServer.table.quotas.entries).toBe(0);
        expect(clients.every(({ allocation }) => allocation === undefined)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

function isFull(model: Model, nowMs: number, to: Address): boolean {
  const alive = [...model.permissions].filter(
    ([address, untilMs]) =>
      address !== to.address &&
      // A permission that has run out stays while it has a channel.
      (untilMs > nowMs ||
        [...model.channels.values()].some(
          ({ peer: bound, untilMs: until }) => bound.address === address && until > nowMs,
        )),
  );
  return alive.length >= PERMISSIONS_MAX;
}

/** A channel's permission lasts longer than one of CreatePermission, which does not shorten it. */
function permitUntil(model: Model, address: string, untilMs: number): void {
  model.permissions.set(address, Math.max(model.permissions.get(address) ?? 0, untilMs));
}
