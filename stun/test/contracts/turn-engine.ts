// What every TURN engine has to do, over real sockets. What an engine says it cannot do is skipped, by name.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import type { Transport, TurnCapabilities, TurnEngine, TurnEngineOptions } from '../../src/engine.ts';
import { requireFound } from '../../../test/support/tools.ts';
import { ALICE, BOB, engineOptions, ipv6Loopback, PASSWORD, type OptionChanges } from './options.ts';
import {
  channelData,
  decodeXorAddress,
  encode,
  errorCodeOf,
  evenPort,
  family,
  lifetime,
  number32,
  UDP_TRANSPORT,
  valueOf,
  type Attribute,
} from './stun-message.ts';
import { relayedAddress, TurnClient, type Login } from './turn-client.ts';
import { UdpPeer } from './udp-peer.ts';

/** Long enough for loopback, where something must not come. */
const SILENCE_MS = 100;

export function describeTurnEngine(name: string, create: (options: TurnEngineOptions) => TurnEngine): void {
  describe(`${name} as a TURN engine`, () => {
    const can = create(
      engineOptions({ tcp: [{ host: '127.0.0.1', port: 0 }], tls: [], ...twoFamilies() }),
    ).capabilities;
    /** `it` where the engine says that it can. */
    const itIf = (capability: boolean): typeof it => (capability ? it : it.skip);
    const transports = can.transports.filter((transport) => transport !== 'tls');
    const closing: (() => unknown)[] = [];

    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close();
    });

    const started = async (changes: OptionChanges = {}): Promise<TurnEngine> => {
      const engine = create(
        engineOptions({
          ...(transports.includes('tcp') && { tcp: [{ host: '127.0.0.1', port: 0 }] }),
          ...changes,
        }),
      );
      await engine.start();
      closing.push(() => engine.stop());
      return engine;
    };
    const client = async (
      engine: TurnEngine,
      login: Login = ALICE,
      transport: Transport = 'udp',
    ): Promise<TurnClient> => {
      const at = engine.listening().find((one) => one.transport === transport)!;
      const opened = await TurnClient.connect(at, login);
      closing.push(() => opened.close());
      return opened;
    };
    const peer = async (host?: string): Promise<UdpPeer> => {
      const opened = await UdpPeer.open(host);
      closing.push(() => opened.close());
      return opened;
    };

    describe('life', () => {
      it('says where it listens', async () => {
        const engine = await started();
        expect(engine.listening().map(({ transport }) => transport)).toEqual(transports);
        for (const { host, port } of engine.listening()) {
          expect(host).toBe('127.0.0.1');
          expect(port).toBeGreaterThan(0);
        }
      });

      it('tells in words when its port is taken', async () => {
        const holder = createSocket('udp4');
        closing.push(() => holder.close());
        holder.bind(0, '127.0.0.1');
        await once(holder, 'listening');
        const { port } = holder.address();
        const engine = create(engineOptions({ udp: [{ host: '127.0.0.1', port }] }));
        await expect(engine.start()).rejects.toThrow(`Cannot listen on port ${port}`);
        await engine.stop();
      });

      it('frees its ports when it stops, with allocations in use, and can be followed by another', async () => {
        const first = create(engineOptions());
        await first.start();
        const { port } = first.listening()[0]!;
        await (await client(first)).allocated();
        await first.stop();
        const second = await started({ udp: [{ host: '127.0.0.1', port }] });
        expect(second.stats().allocations).toBe(0);
        expect((await (await client(second)).binding()).class).toBe('success');
      });
    });

    describe('Binding', () => {
      it.each(transports)('tells the client its own address over %s', async (transport) => {
        const one = await client(await started(), ALICE, transport);
        const answer = await one.binding();
        expect(decodeXorAddress(valueOf(answer, 0x0020)!, answer.transactionId)).toMatchObject({
          address: '127.0.0.1',
          port: one.local.port,
        });
      });

      it('answers clients of RFC 3489, which know no magic cookie', async () => {
        const at = (await started()).listening()[0]!;
        const old = await UdpPeer.open();
        const id = 'a1a2a3a4b1b2b3b4c1c2c3c4d1d2d3d4';
        old.send(Buffer.from(`00010008${id}0003000400000000`, 'hex'), { address: at.host, port: at.port });
        const answer = await old.next();
        const port = old.address.port.toString(16).padStart(4, '0');
        expect(Buffer.from(answer?.data ?? '', 'latin1').toString('hex')).toBe(
          `0101000c${id}000100080001${port}7f000001`,
        );
        old.close();
      });

      it('ignores optional attributes and names the unknown ones that it must not ignore', async () => {
        const one = await client(await started());
        const tried = (type: number) =>
          one.transact(encode({ method: 'binding', attributes: [[type, number32(1)]] }));
        expect((await tried(0xc057)).class).toBe('success');
        const refused = await tried(0x0024);
        expect(errorCodeOf(refused)).toBe(420);
        expect(valueOf(refused, 0x000a)!.readUInt16BE()).toBe(0x0024);
      });
    });

    describe('Allocate', () => {
      it.each(transports)('gives a relayed address over %s', async (transport) => {
        const options = engineOptions();
        const { relayPortMin, relayPortMax } = options;
        const engine = await started({ relayPortMin, relayPortMax });
        const relayed = await (await client(engine, ALICE, transport)).allocated();
        expect(relayed.address).toBe('127.0.0.1');
        expect(relayed.port).toBeGreaterThanOrEqual(relayPortMin);
        expect(relayed.port).toBeLessThanOrEqual(relayPortMax);
        expect(engine.stats()).toMatchObject({ allocations: 1, allocationsTotal: 1 });
      });

      it.each([
        ['a wrong password', { username: 'alice', password: 'wrong' }],
        ['an unknown name', { username: 'nobody', password: PASSWORD }],
        ['an expired name', { username: 'expired', password: PASSWORD }],
        [
          'a name that every object has',
          { username: 'constructor', password: 'function Object() { [native code] }' },
        ],
        ['another one', { username: '__proto__', password: '[object Object]' }],
      ])('refuses %s with 401', async (_name, login) => {
        const engine = await started();
        expect(errorCodeOf(await (await client(engine, login)).allocate())).toBe(401);
        expect(engine.stats().allocations).toBe(0);
        const failures = Object.values(engine.stats().authFailures).reduce((sum, count) => sum + count, 0);
        expect(failures).toBe(1);
      });

      itIf(can.idempotentAllocate)('answers a request that comes twice with one address', async () => {
        const engine = await started();
        const one = await client(engine);
        await one.request('refresh'); // for realm and nonce
        const request = one.encode('allocate', [UDP_TRANSPORT]);
        const first = relayedAddress(await one.transact(request));
        expect(relayedAddress(await one.transact(request))).toEqual(first);
        expect(engine.stats().allocations).toBe(1);
      });

      it('refuses a second one with 437', async () => {
        const one = await client(await started());
        await one.allocated();
        expect(errorCodeOf(await one.allocate())).toBe(437);
      });

      it('refuses other transports than UDP with 442, and none with 400', async () => {
        const one = await client(await started());
        expect(errorCodeOf(await one.request('allocate', () => [[0x0019, Buffer.from([6, 0, 0, 0])]]))).toBe(
          442,
        );
        expect(errorCodeOf(await one.request('allocate'))).toBe(400);
      });

      it('refuses a family that it does not have with 440', async () => {
        const one = await client(await started());
        expect(errorCodeOf(await one.allocate(family(2)))).toBe(440);
      });

      itIf(can.evenPort)('gives an even port', async () => {
        const relayed = await (await client(await started())).allocated(evenPort(false));
        expect(relayed.port % 2).toBe(0);
      });

      itIf(can.reservationToken)('keeps the next port for the token', async () => {
        const engine = await started();
        const answer = await (await client(engine)).allocate(evenPort(true));
        const token: Attribute = [0x0022, valueOf(answer, 0x0022)!];
        const next = await (await client(engine)).allocated(token);
        expect(next.port).toBe(relayedAddress(answer).port + 1);
      });

      itIf(can.quotas)(
        'refuses with 486 what is over the quota of a user, not of another, and not for longer than it is',
        async () => {
          const engine = await started({ limits: { allocationsPerUserMax: 1 } });
          const first = await client(engine);
          await first.allocated();
          expect(errorCodeOf(await (await client(engine)).allocate())).toBe(486);
          await (await client(engine, BOB)).allocated();
          expect(engine.stats().errorResponses['486']).toBe(1);
          await first.refresh(0);
          await (await client(engine)).allocated();
        },
      );

      it('refuses with 508 when no port is left, and has them again afterwards', async () => {
        const { relayPortMin } = engineOptions();
        const engine = await started({ relayPortMin, relayPortMax: relayPortMin + 3 });
        const tryFive = async (): Promise<TurnClient[]> => {
          const granted: TurnClient[] = [];
          for (let i = 0; i < 5; i++) {
            const one = await client(engine);
            const answer = await one.allocate();
            if (answer.class === 'success') granted.push(one);
            else expect(errorCodeOf(answer)).toBe(508);
          }
          return granted;
        };
        const granted = await tryFive();
        // An engine that tries ports at random may give up before it has tried the last.
        expect(granted.length).toBeGreaterThan(1);
        expect(granted.length).toBeLessThan(5);
        for (const one of granted) await one.refresh(0);
        expect((await tryFive()).length).toBeGreaterThan(1);
      });

      itIf(can.drain)('refuses with 508 while draining, and keeps what there is', async () => {
        const engine = await started();
        const one = await client(engine);
        await one.allocated();
        engine.drain();
        expect(engine.stats().isDraining).toBe(true);
        expect(errorCodeOf(await (await client(engine, BOB)).allocate())).toBe(508);
        expect((await one.refresh(600)).class).toBe('success');
      });
    });

    requireFound({ 'IPv6 on loopback': ipv6Loopback })('IPv6', () => {
      itIf(can.ipv6Listeners)('reaches the listener', async () => {
        const one = await client(await started({ udp: [{ host: '::1', port: 0 }], tcp: [] }));
        const answer = await one.binding();
        expect(decodeXorAddress(valueOf(answer, 0x0020)!, answer.transactionId).address).toBe('::1');
      });

      itIf(can.relayedAddressFamilies.includes(6))('is relayed', async () => {
        const other = await peer('::1');
        const one = await client(await started(twoFamilies()));
        const relayed = await one.allocated(family(2));
        expect(relayed.address).toBe('::1');
        await one.bind(0x4000, other.address);
        one.sendOnChannel(0x4000, Buffer.from('six'));
        expect(await other.next()).toEqual({ data: 'six', from: relayed });
        other.send('back', relayed);
        expect((await one.next())?.data.toString()).toBe('back');
      });

      itIf(can.dualAllocation)('is had together with IPv4', async () => {
        const one = await client(await started(twoFamilies()));
        const answer = await one.allocate([0x8000, Buffer.from([2, 0, 0, 0])]);
        expect(answer.attributes.filter(([type]) => type === 0x0016)).toHaveLength(2);
      });
    });

    describe('Refresh', () => {
      itIf(can.refresh)('extends, and with 0 ends the allocation', async () => {
        const engine = await started();
        const one = await client(engine);
        await one.allocated();
        expect(valueOf(await one.refresh(900), 0x000d)!.readUInt32BE()).toBe(900);
        expect(valueOf(await one.refresh(0), 0x000d)!.readUInt32BE()).toBe(0);
        expect(engine.stats().allocations).toBe(0);
        expect(errorCodeOf(await one.refresh(600))).toBe(437);
        await one.allocated();
      });
    });

    describe('peers', () => {
      it.each(['10.0.0.1', '169.254.169.254', '192.168.1.1', '0.0.0.0', '224.0.0.1', '255.255.255.255'])(
        'refuses %s with 403, as permission and as channel',
        async (address) => {
          const one = await client(await started());
          await one.allocated();
          expect(errorCodeOf(await one.permit({ address, port: 80 }))).toBe(403);
          expect(errorCodeOf(await one.bind(0x4000, { address, port: 80 }))).toBe(403);
        },
      );

      it('refuses those of the other family with 443', async () => {
        const one = await client(await started());
        await one.allocated();
        expect(errorCodeOf(await one.permit({ address: '::1', port: 80 }))).toBe(443);
      });

      it.each(transports)(
        'are reached by indications over %s, after a permission and not before',
        async (transport) => {
          const engine = await started();
          const one = await client(engine, ALICE, transport);
          const relayed = await one.allocated();
          const other = await peer();
          one.sendTo(other.address, Buffer.from('too early'));
          other.send('too early', relayed);
          expect(await other.next(SILENCE_MS)).toBeUndefined();
          expect(await one.next(SILENCE_MS)).toBeUndefined();
          await one.permit(other.address);
          one.sendTo(other.address, Buffer.from('hello'));
          expect(await other.next()).toEqual({ data: 'hello', from: relayed });
          other.send('hello back', relayed);
          expect(await one.next()).toEqual({
            channel: undefined,
            from: other.address,
            data: Buffer.from('hello back'),
          });
          expect(engine.stats()).toMatchObject({
            packetsToPeers: 1,
            packetsToClients: 1,
            bytesToPeers: 5,
            bytesToClients: 10,
          });
        },
      );

      itIf(can.channelData).each(transports)('are reached on channels over %s', async (transport) => {
        const engine = await started();
        const one = await client(engine, ALICE, transport);
        const relayed = await one.allocated();
        const other = await peer();
        expect((await one.bind(0x4000, other.address)).class).toBe('success');
        for (const data of ['a', 'bcd', 'efgh', 'x'.repeat(1_200)]) {
          one.sendOnChannel(0x4000, Buffer.from(data));
          expect(await other.next()).toEqual({ data, from: relayed });
          other.send(data.padEnd(5, '.'), relayed);
          const padded = Buffer.from(data.padEnd(5, '.'));
          expect(await one.next()).toEqual({ channel: 0x4000, from: undefined, data: padded });
        }
        expect(engine.stats().channels).toBe(1);
      });

      it('refuses channels out of range, twice used, or twice bound', async () => {
        const one = await client(await started());
        await one.allocated();
        const [a, b] = [(await peer()).address, (await peer()).address];
        expect((await one.bind(0x4000, a)).class).toBe('success');
        expect((await one.bind(0x4000, a)).class).toBe('success');
        expect(errorCodeOf(await one.bind(0x4000, b))).toBe(400);
        expect(errorCodeOf(await one.bind(0x4001, a))).toBe(400);
        expect(errorCodeOf(await one.bind(0x3fff, b))).toBe(400);
      });

      it.each([
        ['a client of the same engine', can.relayToRelayInProcess],
        ['itself', can.relayToRelayInProcess],
      ])('may be %s', async (who, isInProcess) => {
        // Without the network nobody has to allow loopback for this.
        const engine = await started(isInProcess ? { peers: { allowed: [], denied: [] } } : {});
        const one = await client(engine);
        const two = who === 'itself' ? one : await client(engine, BOB);
        const a = await one.allocated();
        const b = two === one ? a : await two.allocated();
        await one.permit(b);
        await two.permit(a);
        one.sendTo(b, Buffer.from('relay to relay'));
        expect(await two.next()).toEqual({
          channel: undefined,
          from: a,
          data: Buffer.from('relay to relay'),
        });
      });

      itIf(can.peerPolicy)('may not be another service of this machine', async () => {
        const other = await peer();
        const engine = await started({ peers: { allowed: [], denied: [] } });
        const one = await client(engine);
        await one.allocated();
        // Our own address is allowed, for the sake of other allocations; the ports of others are not.
        await one.permit(other.address);
        one.sendTo(other.address, Buffer.from('x'));
        expect(await other.next(SILENCE_MS)).toBeUndefined();
        expect(engine.stats().packetsToPeers).toBe(0);
      });

      itIf(can.bandwidthLimit)('get no more bytes than the limit', async () => {
        const other = await peer();
        const engine = await started({ limits: { bytesPerSecondPerAllocationMax: 2_000 } });
        const one = await client(engine);
        await one.allocated();
        await one.permit(other.address);
        for (let i = 0; i < 10; i++) one.sendTo(other.address, Buffer.alloc(1_000));
        await one.permit(other.address); // answered after them
        expect(engine.stats().packetsToPeers).toBeLessThanOrEqual(3);
        expect(engine.stats().drops.bandwidth).toBeGreaterThanOrEqual(7);
      });
    });

    describe('hostile senders', () => {
      it('break nothing: junk to the listener and to the relay, from a peer with a permission', async () => {
        const engine = await started();
        const one = await client(engine);
        const relayed = await one.allocated();
        const other = await peer();
        await one.permit(other.address);
        const stranger = await client(engine);
        const { port } = engine.listening()[0]!;
        const junk = ['', '00', '40', '400000', '40000001', '7fffffff', '0001', '000100002112a442'];
        const messages = [
          ...junk.map((hex) => Buffer.from(hex, 'hex')),
          ...Array.from({ length: 200 }, (_, at) => randomBytes(at)),
          encode({ class: 'success', method: 'allocate' }),
          encode({ method: 'allocate', attributes: [[0x0018, Buffer.alloc(0)]] }),
          channelData(0x4000, Buffer.alloc(10)),
        ];
        for (const message of messages) {
          stranger.sendBytes(message);
          other.send(message, relayed);
          other.send(message, { address: '127.0.0.1', port });
        }
        expect((await stranger.binding()).class).toBe('success');
        for (let received = await one.next(SILENCE_MS); received !== undefined;)
          received = await one.next(SILENCE_MS);
        one.sendTo(other.address, Buffer.from('still here'));
        const heard: (string | undefined)[] = [];
        for (
          let next = await other.next(SILENCE_MS);
          next !== undefined;
          next = await other.next(SILENCE_MS)
        ) {
          heard.push(next.data);
        }
        expect(heard).toContain('still here');
        expect(engine.stats().allocations).toBe(1);
      });

      it('get a limited number of answers, while others are served', async () => {
        const engine = await started({ limits: { unauthenticatedPerSecondMax: 20 } });
        const attacker = await client(engine);
        for (let i = 0; i < 500; i++)
          attacker.sendBytes(encode({ method: 'allocate', attributes: [UDP_TRANSPORT] }));
        // Another address; on Linux all of 127/8 is ours.
        const at = engine.listening()[0]!;
        const other = await TurnClient.connect(at, BOB, { from: '127.0.0.9' });
        closing.push(() => other.close());
        await other.allocated();
        // Two windows of a second may have been open.
        expect(attacker.other.length).toBeLessThanOrEqual(40);
        // The kernel may have lost some.
        expect(engine.stats().drops.rateLimit).toBeGreaterThan(100);
      });

      it('cannot end another client’s allocation', async () => {
        const engine = await started();
        const one = await client(engine);
        await one.allocated();
        const thief = await client(engine, BOB);
        await thief.request('refresh', () => [lifetime(0)]);
        expect(engine.stats().allocations).toBe(1);
      });
    });

    it('states all that it can and cannot', () => {
      const missing = (Object.keys(can) as (keyof TurnCapabilities)[]).filter((key) => can[key] === false);
      // Whoever lacks something tells its users.
      expect(can.warnings.length > 0).toBe(
        missing.some((key) => key !== 'tlsReload' && key !== 'dontFragment'),
      );
    });
  });
}

function twoFamilies(): OptionChanges {
  return {
    relayHosts: [
      { bind: '127.0.0.1', announced: '127.0.0.1' },
      { bind: '::1', announced: '::1' },
    ],
  };
}
