// The state machine under a clock that only the test moves: RFC 8656, request by request.
import { createHmac } from 'node:crypto';
import { authenticate, PASSWORD } from '../contracts/options.ts';
import { relayedAddress } from '../contracts/turn-client.ts';
import { FakeTransport, OWN_IPV4, OWN_IPV6, PORT_MIN, type FakeClient } from './fake-transport.ts';
import {
  channelData,
  channelNumber,
  decode,
  decodeXorAddress,
  encode,
  errorCodeOf,
  evenPort,
  family,
  isSealed,
  lifetime,
  number32,
  peerAddress,
  UDP_TRANSPORT,
  valueOf,
  type Attribute,
} from '../contracts/stun-message.ts';

const PEER = { address: '192.0.2.10', port: 5000 };
const PEER6 = { address: '2001:db8:1::10', port: 5000 };
const DUAL: Attribute = [0x8000, Buffer.from([2, 0, 0, 0])];

describe('Binding', () => {
  it('tells the client its own address, without credentials', () => {
    const client = new FakeTransport().client('alice', { address: '2001:db8:2::5', port: 4000 });
    client.receive(encode({ method: 'binding', fingerprint: true }));
    const answer = client.answer()!;
    expect(decodeXorAddress(valueOf(answer, 0x0020)!, answer.transactionId)).toEqual({
      address: '2001:db8:2::5',
      port: 4000,
    });
    expect(valueOf(answer, 0x8028)).toBeDefined();
  });

  it('names the attributes that it must understand and does not, and ignores the optional ones', () => {
    const client = new FakeTransport().client();
    client.receive(
      encode({
        method: 'binding',
        attributes: [
          [0x0024, number32(1)],
          [0x0003, number32(4)],
          [0xc057, number32(1)],
        ],
      }),
    );
    const answer = client.answer()!;
    expect(errorCodeOf(answer)).toBe(420);
    expect(valueOf(answer, 0x000a)!.toString('hex')).toBe('00240003');
    client.receive(encode({ method: 'binding', attributes: [[0xc057, number32(1)]] }));
    expect(client.answer()!.class).toBe('success');
  });

  it('answers a client of RFC 3489 with what it understands', () => {
    const client = new FakeTransport().client('old', { address: '203.0.113.5', port: 0x1234 });
    const id = 'a1a2a3a4b1b2b3b4c1c2c3c4d1d2d3d4';
    client.receive(Buffer.from(`00010008${id}0003000400000000`, 'hex'));
    expect(client.sent.at(-1)!.toString('hex')).toBe(`0101000c${id}00010008` + '00011234cb007105');
    client.receive(Buffer.from(`00010008${id}0003000400000004`, 'hex')); // from another address, please
    const refused = client.sent.at(-1)!.toString('hex');
    expect([refused.slice(0, 4), refused.slice(8, 40), refused.slice(-16)]).toEqual([
      '0111',
      id,
      '000a000400030003',
    ]);
  });

  it('says its software if it has a name', () => {
    const client = new FakeTransport({ software: 'relay' }).client();
    client.receive(encode({ method: 'binding' }));
    expect(valueOf(client.answer()!, 0x8022)!.toString()).toBe('relay');
  });
});

describe('what is no request', () => {
  it.each([
    ['a response', encode({ class: 'success', method: 'allocate' }), 'unexpected'],
    ['an error response', encode({ class: 'error', method: 'binding' }), 'unexpected'],
    ['an unknown method', encode({ method: 0x00a }), 'unexpected'],
    ['a Data indication', encode({ class: 'indication', method: 'data' }), 'unexpected'],
    [
      'a message with a wrong fingerprint',
      encode({ method: 'binding', attributes: [[0x8028, number32(1)]] }),
      'malformed',
    ],
    ['DTLS', Buffer.from('16fefd0000000000000000', 'hex'), 'unexpected'],
    ['three bytes', Buffer.from('400000', 'hex'), 'malformed'],
    ['nothing', Buffer.alloc(0), 'malformed'],
    ['RTP', Buffer.alloc(40, 0x80), 'malformed'],
    ['ChannelData of a stranger', channelData(0x4000, Buffer.from('x')), 'noChannel'],
  ] as const)('drops %s without an answer', (name, bytes, reason) => {
    const fake = new FakeTransport();
    const client = fake.client();
    client.receive(bytes);
    expect(client.sent).toEqual([]);
    // DTLS begins with a byte below 0x40 and is no STUN message.
    expect(fake.drops[name === 'DTLS' ? 'malformed' : reason]).toBe(1);
  });
});

describe('credentials', () => {
  const tried = (
    client: FakeClient,
    attributes: readonly Attribute[],
    key = client.key,
  ): number | undefined => {
    client.receive(encode({ method: 'allocate', attributes: [UDP_TRANSPORT, ...attributes], key }));
    const answer = client.answer()!;
    expect(isSealed(answer, client.key)).toBe(false);
    return errorCodeOf(answer);
  };
  const login = (client: FakeClient): Attribute[] => [
    [0x0006, Buffer.from(client.name)],
    [0x0014, Buffer.from(client.realm)],
    [0x0015, client.nonce],
  ];

  it('challenges a request that is not sealed, and keeps nothing of it', () => {
    const client = new FakeTransport().client();
    client.receive(encode({ method: 'allocate', attributes: [UDP_TRANSPORT] }));
    const answer = client.answer()!;
    expect(errorCodeOf(answer)).toBe(401);
    expect(valueOf(answer, 0x0014)!.toString()).toBe('relay-swarm.test');
    expect(valueOf(answer, 0x0015)).toHaveLength(40);
  });

  it.each([0, 1, 2])('answers 400 where the name, the realm or the nonce is missing (%s)', (missing) => {
    const client = new FakeTransport().client().greet();
    expect(tried(client, login(client).toSpliced(missing, 1))).toBe(400);
  });

  it('answers 401 to a wrong password, to somebody unknown, to another realm', () => {
    const fake = new FakeTransport();
    const client = fake.client().greet();
    client.password = 'wrong';
    expect(client.outcome('allocate', UDP_TRANSPORT)).toBe(401);
    expect(fake.client('nobody').outcome('allocate', UDP_TRANSPORT)).toBe(401);
    const stranger = fake.client().greet();
    stranger.realm = 'another';
    expect(stranger.outcome('allocate', UDP_TRANSPORT)).toBe(401);
    expect(fake.counters.authFailures).toMatchObject({ wrongPassword: 1, unknownUser: 1, wrongRealm: 1 });
  });

  it.each(['constructor', '__proto__', 'toString', ''])(
    'knows no user %j unless it is told of one',
    (name) => {
      const fake = new FakeTransport({ authenticate: () => undefined });
      expect(fake.client(name).outcome('allocate', UDP_TRANSPORT)).toBe(401);
    },
  );

  it('answers 438 to a nonce that is old, another client’s, or made up', () => {
    const fake = new FakeTransport();
    const client = fake.client().greet();
    const other = fake.client('bob').greet();
    const old = client.nonce;
    client.nonce = other.nonce;
    expect(client.outcome('allocate', UDP_TRANSPORT)).toBe(438);
    client.nonce = Buffer.from('f'.repeat(40));
    expect(client.outcome('allocate', UDP_TRANSPORT)).toBe(438);
    client.nonce = old;
    fake.advance(599_000);
    client.allocate();
    fake.advance(2_000);
    expect(client.refresh(600)).toBe(438);
    client.greet();
    expect(client.refresh(600)).toBe('ok');
  });

  it('takes either key while a secret is being rotated', () => {
    const fake = new FakeTransport({
      authenticate: () => ({
        keys: [Buffer.alloc(16, 1), Buffer.alloc(16, 2)],
        account: 'alice',
        expiresInMs: Infinity,
      }),
    });
    for (const byte of [1, 2]) {
      const client = fake.client().greet();
      client.receive(
        encode({
          method: 'allocate',
          attributes: [UDP_TRANSPORT, ...login(client)],
          key: Buffer.alloc(16, byte),
        }),
      );
      expect(isSealed(client.answer()!, Buffer.alloc(16, byte))).toBe(true);
    }
    const client = fake.client().greet();
    expect(tried(client, login(client), Buffer.alloc(16, 3))).toBe(401);
  });

  it('seals the answer with SHA-256 where the request was', () => {
    const client = new FakeTransport().client().greet();
    client.receive(client.encode('allocate', [UDP_TRANSPORT], client.nextId(), 'sha256'));
    const answer = client.answer()!;
    expect(answer.class).toBe('success');
    expect(isSealed(answer, client.key, 'sha256')).toBe(true);
    expect(valueOf(answer, 0x0008)).toBeUndefined();
  });

  it('goes by SHA-256 where a request has both seals, and sees nothing behind it', () => {
    const twiceSealed = (client: FakeClient, key: Buffer): Buffer => {
      const attributes = [UDP_TRANSPORT, ...login(client)];
      const once = encode({ method: 'allocate', attributes, key: client.key });
      const bytes = Buffer.concat([once, Buffer.from('001c0020', 'hex'), Buffer.alloc(32)]);
      bytes.writeUInt16BE(bytes.length - 20, 2);
      createHmac('sha256', key)
        .update(bytes.subarray(0, -36))
        .digest()
        .copy(bytes, bytes.length - 32);
      const more = Buffer.concat([bytes, Buffer.from('000d000400000e10', 'hex')]);
      more.writeUInt16BE(more.length - 20, 2);
      return more;
    };
    const client = new FakeTransport().client().greet();
    client.receive(twiceSealed(client, Buffer.from('another')));
    expect(errorCodeOf(client.answer()!)).toBe(401);
    client.receive(twiceSealed(client, client.key));
    const answer = client.answer()!;
    expect(isSealed(answer, client.key, 'sha256')).toBe(true);
    expect(valueOf(answer, 0x000d)!.readUInt32BE()).toBe(600);
  });

  it.each(['sha1', 'sha256'] as const)('does not see what is written behind the seal (%s)', (hash) => {
    const client = new FakeTransport().client().greet();
    const sealed = encode({
      method: 'allocate',
      attributes: [UDP_TRANSPORT, ...login(client)],
      key: client.key,
      hash,
    });
    const smuggled = Buffer.concat([sealed, Buffer.from('000d000400000e10', 'hex')]);
    smuggled.writeUInt16BE(smuggled.length - 20, 2);
    client.receive(smuggled);
    expect(valueOf(client.answer()!, 0x000d)!.readUInt32BE()).toBe(600);
  });

  it('gives an expired name no new allocation, and lets it refresh the old one for a grace', () => {
    const key = new FakeTransport().client().greet().key;
    let expiresInMs = 60_000;
    const fake = new FakeTransport({
      authenticate: () => ({ keys: [key], account: 'alice', expiresInMs }),
      lifetimes: { expiredGraceSeconds: 1_200 },
    });
    const client = fake.client();
    client.allocate();
    fake.advance(60_000);
    expiresInMs = 0;
    expect(fake.client().outcome('allocate', UDP_TRANSPORT)).toBe(401);
    expect(client.refresh(600)).toBe('ok');
    fake.advance(599_999);
    expect(client.greet().refresh(600)).toBe('ok');
    fake.advance(599_999);
    expect(client.greet().refresh(3_600)).toBe('ok'); // the last before the grace is over
    fake.advance(2);
    expect(client.refresh(600)).toBe(401);
    expect(client.permit(PEER)).toBe('ok'); // what it has stays until its own end
    expect(fake.counters.authFailures.expired).toBe(2);
    expect(client.refresh(0)).toBe('ok'); // and may be given back
    expect(fake.turnServer.table.allocations.size).toBe(0);
  });

  it('forgets an expired name with the allocation, swept away or not', () => {
    const key = new FakeTransport().client().greet().key;
    let expiresInMs = 1;
    const fake = new FakeTransport({
      authenticate: () => ({ keys: [key], account: 'alice', expiresInMs }),
    });
    const client = fake.client();
    client.allocate();
    expiresInMs = -600_000;
    fake.nowMs += 600_000;
    expect(client.greet().outcome('allocate', UDP_TRANSPORT)).toBe(401);
  });

  it('leaves an allocation its key when the secret behind it is gone', () => {
    let knows = authenticate;
    const fake = new FakeTransport({ authenticate: (name) => knows(name) });
    const client = fake.client();
    client.allocate();
    knows = () => undefined;
    expect(client.refresh(600)).toBe('ok');
    expect(client.refresh(0)).toBe('ok');
    expect(client.outcome('allocate', UDP_TRANSPORT)).toBe(401);
  });

  it('answers 400 to a name longer than names may be', () => {
    const name = 'x'.repeat(508);
    expect(new FakeTransport().client(name).outcome('allocate', UDP_TRANSPORT)).toBe('ok');
    const client = new FakeTransport().client(`${name}x`).greet();
    expect(tried(client, login(client))).toBe(400);
  });

  it.each(['allocate', 'binding'] as const)(
    'answers a limited number of strangers’ requests a second from one address (%s), and others still',
    (method) => {
      const fake = new FakeTransport({ limits: { unauthenticatedPerSecondMax: 10 } });
      const client = fake.client();
      for (let i = 0; i < 50; i++) client.receive(encode({ method }));
      expect(client.sent).toHaveLength(10);
      expect(fake.drops.rateLimit).toBe(40);
      const other = fake.client('bob', { address: '203.0.113.8' });
      other.allocate();
      fake.advance(1_000);
      client.sent.length = 0;
      client.allocate();
    },
  );

  it('looks at a limited number of wrong passwords a second from one address, and hears allocations still', () => {
    const asked: string[] = [];
    const fake = new FakeTransport({
      limits: { unauthenticatedPerSecondMax: 10 },
      authenticate: (name) => {
        asked.push(name);
        return authenticate(name);
      },
    });
    const friend = fake.client('bob');
    friend.allocate();
    const client = fake.client().greet();
    client.password = 'wrong';
    for (let i = 0; i < 50; i++) client.outcome('allocate', UDP_TRANSPORT);
    expect(asked.filter((name) => name === 'alice')).toHaveLength(10);
    expect(friend.refresh(600)).toBe('ok');
    expect(fake.client('carol', { address: '203.0.113.8' }).outcome('allocate', UDP_TRANSPORT)).toBe('ok');
    fake.advance(1_000);
    client.password = PASSWORD;
    client.allocate();
  });
});

describe('Allocate', () => {
  it('gives a relayed address, a lifetime and the client’s own address', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    const answer = client.request('allocate', [UDP_TRANSPORT])!;
    const relayed = decodeXorAddress(valueOf(answer, 0x0016)!, answer.transactionId);
    expect(relayed.address).toBe(OWN_IPV4);
    expect(relayed.port).toBeGreaterThanOrEqual(PORT_MIN);
    expect(valueOf(answer, 0x000d)!.readUInt32BE()).toBe(600);
    expect(decodeXorAddress(valueOf(answer, 0x0020)!, answer.transactionId)).toEqual({
      address: client.address,
      port: client.port,
    });
    expect(fake.openSockets).toBe(1);
  });

  it('answers a repeated request with the same bytes, and a second one with 437', () => {
    const fake = new FakeTransport();
    const client = fake.client().greet();
    const request = client.encode('allocate', [UDP_TRANSPORT], client.nextId());
    client.receive(request);
    client.receive(request);
    const [answer, again] = client.sent;
    expect(again).toEqual(answer);
    expect(fake.openSockets).toBe(1);
    expect(client.permit(PEER)).toBe('ok');
    client.receive(request);
    expect(client.sent).toEqual([answer]);
    expect(client.outcome('allocate', UDP_TRANSPORT)).toBe(437);
  });

  it.each([
    ['no transport', [], 400],
    ['TCP', [[0x0019, Buffer.from([6, 0, 0, 0])]], 442],
    ['a transport of two bytes', [[0x0019, Buffer.from([17, 0])]], 400],
    ['a lifetime of two bytes', [UDP_TRANSPORT, [0x000d, Buffer.from([1, 2])]], 400],
    ['an unknown family', [UDP_TRANSPORT, [0x0017, Buffer.from([3, 0, 0, 0])]], 440],
    ['a family twice over', [UDP_TRANSPORT, family(1), DUAL], 400],
    ['IPv4 as the additional family', [UDP_TRANSPORT, [0x8000, Buffer.from([1, 0, 0, 0])]], 400],
    ['an empty EVEN-PORT', [UDP_TRANSPORT, [0x0018, Buffer.alloc(0)]], 400],
    ['a reserved port of both families', [UDP_TRANSPORT, evenPort(true), DUAL], 400],
    ['a token and an even port', [UDP_TRANSPORT, evenPort(false), [0x0022, Buffer.alloc(8)]], 400],
    ['a token and a family', [UDP_TRANSPORT, family(1), [0x0022, Buffer.alloc(8)]], 400],
    ['a token that nobody has', [UDP_TRANSPORT, [0x0022, Buffer.alloc(8)]], 508],
    ['a short token', [UDP_TRANSPORT, [0x0022, Buffer.alloc(7)]], 400],
    ['MOBILITY-TICKET, which is optional', [UDP_TRANSPORT, [0x8030, Buffer.alloc(0)]], 'ok'],
    ['DONT-FRAGMENT', [UDP_TRANSPORT, [0x001a, Buffer.alloc(0)]], 'ok'],
    ['something it does not know', [UDP_TRANSPORT, [0x0029, Buffer.alloc(4)]], 420],
  ] as const)('%s: %s', (_name, attributes, outcome) => {
    const fake = new FakeTransport();
    expect(fake.client().outcome('allocate', ...(attributes as readonly Attribute[]))).toBe(outcome);
    expect(fake.openSockets).toBe(outcome === 'ok' ? 1 : 0);
  });

  it.each([
    [1, 600],
    [600, 600],
    [1_000, 1_000],
    [100_000, 3_600],
    [0xffffffff, 3_600],
  ])('asked for %i s, grants %i', (asked, granted) => {
    const answer = new FakeTransport().client().request('allocate', [UDP_TRANSPORT, lifetime(asked)])!;
    expect(valueOf(answer, 0x000d)!.readUInt32BE()).toBe(granted);
  });

  it('gives IPv6, or 440 where there is none', () => {
    expect(new FakeTransport().client().allocate(family(2)).address).toBe(OWN_IPV6);
    const fake = new FakeTransport({ relayHosts: [{ bind: '0.0.0.0', announced: OWN_IPV4 }] });
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, family(2))).toBe(440);
    const answer = fake.client().request('allocate', [UDP_TRANSPORT, DUAL])!;
    expect(answer.class).toBe('success');
    expect(valueOf(answer, 0x8001)!.toString('hex', 0, 4)).toBe('02000428');
  });

  it('gives both families at once, and ends them one by one', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    const answer = client.request('allocate', [UDP_TRANSPORT, DUAL])!;
    const [four, six] = answer.attributes
      .filter(([type]) => type === 0x0016)
      .map(([, value]) => decodeXorAddress(value, answer.transactionId));
    expect([four!.address, six!.address]).toEqual([OWN_IPV4, OWN_IPV6]);
    expect(client.permit(PEER, PEER6)).toBe('ok');
    fake.fromPeer(PEER, four!, 'four');
    fake.fromPeer(PEER6, six!, 'six');
    expect(client.sent.map((bytes) => valueOf(decode(bytes), 0x0013)!.toString())).toEqual(['four', 'six']);

    expect(client.outcome('refresh', lifetime(0), family(1))).toBe('ok');
    expect(fake.openSockets).toBe(1);
    expect(client.outcome('refresh', lifetime(600), family(1))).toBe(443);
    expect(client.permit(PEER)).toBe(443);
    client.sendTo(PEER6, 'still');
    client.sendTo(PEER, 'gone');
    expect(fake.toPeers.map(({ data }) => data)).toEqual(['still']);
    expect(client.outcome('refresh', lifetime(0), family(2))).toBe('ok');
    expect(fake.openSockets).toBe(0);
    expect(client.releases).toBe(1);
  });

  it('gives an even port, and holds the next one for whoever brings the token', () => {
    const fake = new FakeTransport();
    const first = fake.client();
    const answer = first.request('allocate', [UDP_TRANSPORT, evenPort(true)])!;
    const even = decodeXorAddress(valueOf(answer, 0x0016)!, answer.transactionId);
    const token: Attribute = [0x0022, valueOf(answer, 0x0022)!];
    expect(even.port % 2).toBe(0);
    expect(fake.client('bob').outcome('allocate', UDP_TRANSPORT, token)).toBe(508);
    const next = fake.client().request('allocate', [UDP_TRANSPORT, token, lifetime(1_000)])!;
    expect(relayedAddress(next).port).toBe(even.port + 1);
    expect(valueOf(next, 0x000d)!.readUInt32BE()).toBe(1_000);
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, token)).toBe(508);
    for (let i = 0; i < 8; i++) expect(fake.client().allocate(evenPort(false)).port % 2).toBe(0);
  });

  it('gives a reserved port back after 30 s', () => {
    const fake = new FakeTransport();
    const answer = fake.client().request('allocate', [UDP_TRANSPORT, evenPort(true)])!;
    const token: Attribute = [0x0022, valueOf(answer, 0x0022)!];
    expect(fake.openSockets).toBe(2);
    fake.nowMs += 30_000; // over, and not yet swept away
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, token)).toBe(508);
    fake.advance(0);
    expect(fake.openSockets).toBe(1);
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, token)).toBe(508);
  });

  it('keeps a reserved port for its owner when it was asked for from an address that has enough', () => {
    const fake = new FakeTransport({ limits: { allocationsPerAddressMax: 2 } });
    const answer = fake.client().request('allocate', [UDP_TRANSPORT, evenPort(true)])!;
    const token: Attribute = [0x0022, valueOf(answer, 0x0022)!];
    const elsewhere = { address: '203.0.113.8' };
    for (const name of ['bob', 'carol']) fake.client(name, elsewhere).allocate();
    expect(fake.client('alice', elsewhere).outcome('allocate', UDP_TRANSPORT, token)).toBe(486);
    expect(fake.client('dave').outcome('allocate', UDP_TRANSPORT)).toBe(486); // the port counts still
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, token)).toBe('ok');
    fake.advance(601_000);
    expect(fake.turnServer.table.quotas.entries).toBe(0);
  });

  it('gives reserved ports back as well when the server stops', () => {
    const fake = new FakeTransport();
    fake.client().request('allocate', [UDP_TRANSPORT, evenPort(true)]);
    fake.turnServer.close();
    expect(fake.openSockets).toBe(0);
  });

  it('answers 486 where a user or an address has enough, 508 where the server has; ended ones do not count', () => {
    const fake = new FakeTransport({
      limits: { allocationsPerUserMax: 2, allocationsPerAddressMax: 3, allocationsMax: 4 },
    });
    const first = fake.client();
    first.allocate();
    fake.client().allocate();
    expect(fake.client().outcome('allocate', UDP_TRANSPORT)).toBe(486);
    fake.client('bob').allocate();
    expect(fake.client('carol').outcome('allocate', UDP_TRANSPORT)).toBe(486);
    fake.client('carol', { address: '203.0.113.9' }).allocate();
    expect(fake.client('dave', { address: '203.0.113.10' }).outcome('allocate', UDP_TRANSPORT)).toBe(508);
    first.refresh(0);
    fake.client().allocate();
    fake.advance(601_000);
    expect(fake.turnServer.table.quotas.entries).toBe(0);
  });

  it('counts the addresses of an IPv6 /64 as one', () => {
    const fake = new FakeTransport({ limits: { allocationsPerAddressMax: 1 } });
    fake.client('alice', { address: '2001:db8:2::5' }).allocate();
    const neighbour = fake.client('bob', { address: '2001:db8:2::6' });
    expect(neighbour.outcome('allocate', UDP_TRANSPORT)).toBe(486);
    fake.client('bob', { address: '2001:db8:2:1::5' }).allocate();
  });

  it('counts a reserved port as well', () => {
    const fake = new FakeTransport({ limits: { allocationsPerUserMax: 2 } });
    const answer = fake.client().request('allocate', [UDP_TRANSPORT, evenPort(true)])!;
    expect(fake.client().outcome('allocate', UDP_TRANSPORT)).toBe(486);
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, [0x0022, valueOf(answer, 0x0022)!])).toBe('ok');
    expect(fake.client().outcome('allocate', UDP_TRANSPORT)).toBe(486);
    fake.advance(601_000);
    expect(fake.turnServer.table.quotas.entries).toBe(0);
    expect(fake.openSockets).toBe(0);
  });

  it('answers 508 when all ports are in use, and finds its way around those of other programs', () => {
    const fake = new FakeTransport({ relayPortMin: PORT_MIN, relayPortMax: PORT_MIN + 3 });
    fake.taken.add(PORT_MIN);
    const ports = new Set(
      [fake.client(), fake.client(), fake.client()].map((client) => client.allocate().port),
    );
    expect(ports).toEqual(new Set([PORT_MIN + 1, PORT_MIN + 2, PORT_MIN + 3]));
    expect(fake.client().outcome('allocate', UDP_TRANSPORT)).toBe(508);
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, evenPort(true))).toBe(508);
    fake.taken.clear();
    expect(fake.client().allocate().port).toBe(PORT_MIN);
  });

  it('lets go of the even port where another program holds the next one', () => {
    const fake = new FakeTransport({ relayPortMin: PORT_MIN, relayPortMax: PORT_MIN + 3 });
    fake.taken.add(PORT_MIN + 1);
    expect(fake.client().allocate(evenPort(true)).port).toBe(PORT_MIN + 2);
    expect(fake.client().outcome('allocate', UDP_TRANSPORT, evenPort(true))).toBe(508);
    expect(fake.openSockets).toBe(2);
    expect(fake.client().allocate().port).toBe(PORT_MIN);
  });

  it('refuses new allocations while draining, and keeps the old ones', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    const relayed = client.allocate();
    fake.turnServer.table.isDraining = true;
    expect(fake.client('bob').outcome('allocate', UDP_TRANSPORT)).toBe(508);
    expect(client.refresh(600)).toBe('ok');
    client.permit(PEER);
    fake.fromPeer(PEER, relayed, 'on');
    expect(client.sent).toHaveLength(1);
  });
});

describe('Refresh', () => {
  it('extends; without it the allocation ends on time', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    client.allocate();
    fake.advance(590_000);
    client.greet();
    expect(client.refresh(1_200)).toBe('ok');
    fake.advance(1_199_000);
    expect(client.allocation).toBeDefined();
    fake.advance(1_001);
    expect(client.allocation).toBeUndefined();
    expect(fake.openSockets).toBe(0);
    client.greet();
    expect(client.refresh(600)).toBe(437);
  });

  it('is too late when the time is over, swept or not', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    const relayed = client.allocate();
    fake.nowMs += 599_999;
    client.permit(PEER);
    fake.nowMs += 1;
    client.sendTo(PEER, 'late');
    fake.fromPeer(PEER, relayed, 'late');
    expect([fake.toPeers, client.sent]).toEqual([[], []]);
    client.greet();
    expect(client.refresh(600)).toBe(437);
    expect(fake.openSockets).toBe(0);
    client.allocate();
    fake.nowMs += 600_000;
    client.greet().allocate(); // what is over is in nobody's way
    expect(fake.openSockets).toBe(1);
  });

  it('with 0 ends it at once and says so', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    client.allocate();
    const answer = client.request('refresh', [lifetime(0)])!;
    expect(valueOf(answer, 0x000d)!.readUInt32BE()).toBe(0);
    expect(fake.openSockets).toBe(0);
    client.allocate();
  });

  it('answers 441 to another user on the same 5-tuple, and 400 to a malformed lifetime', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    client.allocate();
    const thief = fake.client('bob', { port: client.port });
    thief.allocation = client.allocation;
    expect(thief.refresh(0)).toBe(441);
    expect(thief.permit(PEER)).toBe(441);
    expect(thief.bind(0x4000, PEER)).toBe(441);
    expect(client.outcome('refresh', [0x000d, Buffer.alloc(8)])).toBe(400);
    expect(client.outcome('refresh', [0x0017, Buffer.from([9, 0, 0, 0])])).toBe(440);
  });
});

describe('permissions', () => {
  it('let a peer in for 5 minutes, whatever its port', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    const relayed = client.allocate();
    fake.fromPeer(PEER, relayed, 'too early');
    expect(client.permit(PEER)).toBe('ok');
    fake.fromPeer({ ...PEER, port: 1 }, relayed, 'in time');
    expect(valueOf(client.answer()!, 0x0013)!.toString()).toBe('in time');
    fake.advance(299_999);
    client.sendTo({ ...PEER, port: 7 }, 'out');
    expect(fake.toPeers).toEqual([{ fromPort: relayed.port, to: { ...PEER, port: 7 }, data: 'out' }]);
    fake.nowMs += 1; // not yet swept away
    fake.fromPeer(PEER, relayed, 'too late');
    client.sendTo(PEER, 'too late');
    expect(client.sent).toEqual([]);
    expect(fake.toPeers).toHaveLength(1);
    expect(fake.drops.noPermission).toBe(3);
  });

  it('are all installed or none', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    client.allocate();
    expect(client.permit(PEER, { address: '10.0.0.1', port: 1 })).toBe(403);
    expect(client.permit(PEER, PEER6)).toBe(443);
    expect(client.permit()).toBe(400);
    client.sendTo(PEER, 'no');
    expect(fake.toPeers).toEqual([]);
  });

  it('are limited in number, and those run out do not count', () => {
    const fake = new FakeTransport({ limits: { permissionsPerAllocationMax: 2 } });
    const client = fake.client();
    client.allocate();
    const peer = (n: number) => ({ address: `192.0.2.${n}`, port: 9 });
    expect(client.permit(peer(1), peer(2), peer(3))).toBe(508);
    expect(client.permit(peer(1), peer(2))).toBe('ok');
    expect(client.permit(peer(3))).toBe(508);
    expect(client.permit(peer(1))).toBe('ok');
    fake.nowMs += 300_000;
    expect(client.permit(peer(1), peer(2), peer(3))).toBe(508);
    expect(client.permit(peer(3))).toBe('ok');
    expect(client.permit(peer(3), peer(4))).toBe('ok'); // one of them is there already
    expect(client.allocation!.permissions.size).toBe(2);
  });

  it('need an allocation', () => {
    const client = new FakeTransport().client();
    expect(client.permit(PEER)).toBe(437);
    expect(client.bind(0x4000, PEER)).toBe(437);
    client.sendTo(PEER, 'x');
    expect(client.fake.drops.unexpected).toBe(1);
  });

  it('are no use for a Send to port 0, or without peer or data', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    client.allocate();
    client.permit(PEER);
    client.sendTo({ ...PEER, port: 0 }, 'x');
    client.receive(encode({ class: 'indication', method: 'send', attributes: [[0x0013, Buffer.from('x')]] }));
    const transactionId = client.nextId();
    const peer = peerAddress(PEER, transactionId);
    client.receive(encode({ class: 'indication', method: 'send', transactionId, attributes: [peer] }));
    client.sendTo(PEER, 'x', [0x0024, number32(1)]);
    expect(fake.drops.malformed).toBe(4);
    expect(fake.toPeers).toEqual([]);
  });

  it('carry empty datagrams, and DONT-FRAGMENT as far as a frame goes', () => {
    const fake = new FakeTransport();
    const client = fake.client();
    client.allocate();
    client.permit(PEER);
    client.sendTo(PEER, '');
    client.sendTo(PEER, 'x'.repeat(1472), [0x001a, Buffer.alloc(0)]);
    client.sendTo(PEER, 'x'.repeat(1473), [0x001a, Buffer.alloc(0)]);
    client.sendTo(PEER, 'x'.repeat(1473));
    expect(fake.toPeers.map(({ data }) => data.length)).toEqual([0, 1472, 1473]);
    expect(fake.drops.tooLarge).toBe(1);
  });
});

describe('channels', () => {
  const bound = (fake: FakeTransport): FakeClient => {
    const client = fake.client();
    client.allocate();
    expect(client.bind(0x4000, PEER)).toBe('ok');
    return client;
  };

  it('carry data both ways, and give the permission too', () => {
    const fake = new FakeTransport();
    const client = bound(fake);
    const relayed = { address: OWN_IPV4, port: client.allocation!.relayedAddresses[0]!.port };
    client.receive(channelData(0x4000, Buffer.from('ping')));
    expect(fake.toPeers).toEqual([{ fromPort: relayed.port, to: PEER, data: 'ping' }]);
    fake.fromPeer(PEER, relayed, 'pong!');
    expect(client.sent.at(-1)).toEqual(channelData(0x4000, Buffer.from('pong!')));
    fake.fromPeer({ ...PEER, port: 6000 }, relayed, 'other port');
    expect(decode(client.sent.at(-1)!).method).toBe(7);
  });

  it('are padded on streams and not on UDP; padding that comes is taken', () => {
    const fake = new FakeTransport();
    const client = fake.client('alice', { transport: 'tcp' });
    const relayed = client.allocate();
    client.bind(0x4000, PEER);
    fake.fromPeer(PEER, relayed, 'pong!');
    expect(client.sent.at(-1)).toEqual(channelData(0x4000, Buffer.from('pong!'), true));
    client.receive(channelData(0x4000, Buffer.from('ping!'), true));
    expect(fake.toPeers[0]!.data).toBe('ping!');
  });

  it.each([
    ['below the range', 0x3fff, { ...PEER, port: 5001 }, 400],
    ['the last of RFC 8656’s range', 0x4fff, { ...PEER, port: 5001 }, 'ok'],
    ['the first above it, that coturn’s client takes', 0x5000, { ...PEER, port: 5001 }, 'ok'],
    ['the last of RFC 5766’s range', 0x7fff, { ...PEER, port: 5001 }, 'ok'],
    ['above the range', 0x8000, { ...PEER, port: 5001 }, 400],
    ['port 0', 0x4001, { ...PEER, port: 0 }, 400],
    ['the same again', 0x4000, PEER, 'ok'],
    ['a number that another peer has', 0x4000, { ...PEER, port: 5001 }, 400],
    ['a peer that has another number', 0x4001, PEER, 400],
    ['another family', 0x4001, PEER6, 443],
    ['a private address', 0x4001, { address: '192.168.1.1', port: 53 }, 403],
  ])('binding %s: %s', (_name, number, peer, outcome) => {
    expect(bound(new FakeTransport()).bind(number, peer)).toBe(outcome);
  });

  it('need a number and a peer, both well-formed', () => {
    const client = bound(new FakeTransport());
    expect(client.outcome('channelBind', channelNumber(0x4001))).toBe(400);
    const id = client.nextId();
    expect(client.outcome('channelBind', peerAddress(PEER, id))).toBe(400);
    expect(client.outcome('channelBind', channelNumber(0x4001), [0x0012, Buffer.alloc(7)])).toBe(400);
    expect(client.outcome('createPermission', [0x0012, Buffer.alloc(9, 1)])).toBe(400);
  });

  it('keep working, both ways, for a client that only binds them anew (aioice every 500 s)', () => {
    const fake = new FakeTransport();
    const client = bound(fake);
    const relayed = { address: OWN_IPV4, port: client.allocation!.relayedAddresses[0]!.port };
    client.refresh(3_600);
    for (let round = 0; round < 4; round++) {
      fake.advance(499_000);
      client.receive(channelData(0x4000, Buffer.from(`ping ${round}`)));
      fake.fromPeer(PEER, relayed, `pong ${round}`);
      expect(fake.toPeers.at(-1)?.data).toBe(`ping ${round}`);
      expect(client.sent.at(-1)).toEqual(channelData(0x4000, Buffer.from(`pong ${round}`)));
      client.greet();
      expect(client.bind(0x4000, PEER)).toBe('ok');
    }
    expect(fake.drops.noPermission).toBe(0);
  });

  it('keep their permission 10 minutes, which a CreatePermission does not shorten', () => {
    const fake = new FakeTransport();
    const client = bound(fake);
    client.refresh(3_600);
    fake.advance(200_000);
    client.permit(PEER);
    fake.advance(399_999);
    client.receive(channelData(0x4000, Buffer.from('z')));
    expect(fake.toPeers).toHaveLength(1);
    fake.advance(1);
    client.sendTo(PEER, 'late');
    client.receive(channelData(0x4000, Buffer.from('late')));
    expect(fake.toPeers).toHaveLength(1);
    expect(fake.drops).toMatchObject({ noChannel: 1, unexpected: 0 });
    client.greet();
    client.greet();
    expect(client.bind(0x4001, PEER)).toBe('ok');
    expect(client.bind(0x4000, { ...PEER, port: 5001 })).toBe('ok');
    expect(client.allocation!.channels.size).toBe(2);
  });

  it('that have run out are gone before they are swept away', () => {
    const fake = new FakeTransport();
    const client = bound(fake);
    const relayed = { address: OWN_IPV4, port: client.allocation!.relayedAddresses[0]!.port };
    client.refresh(3_600);
    fake.nowMs += 599_999;
    client.greet();
    client.permit(PEER);
    fake.fromPeer(PEER, relayed, 'x');
    expect(client.sent.at(-1)![0]).toBe(0x40);
    fake.nowMs += 1;
    fake.fromPeer(PEER, relayed, 'x');
    expect(client.sent.at(-1)![0]).toBe(0);
    client.receive(channelData(0x4000, Buffer.from('x')));
    expect(fake.drops.noChannel).toBe(1);
    expect(fake.toPeers).toEqual([]);
  });

  it('that have run out may be bound anew before they are swept away, their number and their peer', () => {
    const fake = new FakeTransport();
    const client = bound(fake);
    const relayed = { address: OWN_IPV4, port: client.allocation!.relayedAddresses[0]!.port };
    const other = { address: '192.0.2.11', port: 5000 };
    client.refresh(3_600);
    fake.nowMs += 600_000;
    client.greet();
    expect(client.bind(0x4001, PEER)).toBe('ok');
    expect(client.bind(0x4000, other)).toBe('ok');
    fake.advance(0);
    fake.fromPeer(PEER, relayed, 'x');
    fake.fromPeer(other, relayed, 'y');
    expect(client.sent).toEqual([
      channelData(0x4001, Buffer.from('x')),
      channelData(0x4000, Buffer.from('y')),
    ]);
    fake.nowMs += 600_000;
    client.greet();
    client.bind(0x4000, PEER);
    fake.advance(0);
    expect([...client.allocation!.permissions.keys()]).toEqual([PEER.address]);
  });

  it('are limited in number', () => {
    const fake = new FakeTransport({ limits: { channelsPerAllocationMax: 2 } });
    const client = bound(fake);
    expect(client.bind(0x4001, { ...PEER, port: 1 })).toBe('ok');
    expect(client.bind(0x4002, { ...PEER, port: 2 })).toBe(508);
    expect(client.bind(0x4001, { ...PEER, port: 1 })).toBe('ok');
  });

  it('drop a message that claims to be longer than it is', () => {
    const fake = new FakeTransport();
    const client = bound(fake);
    client.receive(Buffer.from('400000056162', 'hex'));
    expect(fake.toPeers).toEqual([]);
    expect(fake.drops.malformed).toBe(1);
  });

  it.each(['udp', 'tcp'] as const)('relay over %s with the highest number there is', (transport) => {
    const fake = new FakeTransport();
    const client = fake.client('alice', { transport });
    const relayed = client.allocate();
    expect(client.bind(0x7fff, PEER)).toBe('ok');
    client.receive(channelData(0x7fff, Buffer.from('ping'), transport === 'tcp'));
    fake.fromPeer(PEER, relayed, 'pong');
    expect(fake.toPeers[0]!.data).toBe('ping');
    expect(client.sent.at(-1)).toEqual(channelData(0x7fff, Buffer.from('pong'), transport === 'tcp'));
  });
});

describe('what is too large for a datagram', () => {
  const FULL = 65_507;
  const fake = new FakeTransport({
    limits: { bytesPerSecondPerAllocationMax: 0, bytesPerSecondPerUserMax: 0 },
  });
  const udp = fake.client();
  const tcp = fake.client('bob', { transport: 'tcp' });
  const relayed = udp.allocate();
  tcp.allocate();
  tcp.bind(0x4000, PEER);

  it('is dropped on its way to a peer', () => {
    tcp.receive(channelData(0x4000, Buffer.alloc(FULL), true));
    tcp.receive(channelData(0x4000, Buffer.alloc(FULL + 1), true));
    expect(fake.toPeers).toHaveLength(1);
    expect(fake.drops.tooLarge).toBe(1);
  });

  it('is dropped on its way to a client, whose messages have a head as well', () => {
    const before = fake.drops.tooLarge;
    udp.permit(PEER);
    fake.fromPeer(PEER, relayed, 'x'.repeat(FULL));
    expect(udp.sent).toEqual([]);
    udp.bind(0x4000, PEER);
    fake.fromPeer(PEER, relayed, 'x'.repeat(FULL - 3));
    expect(udp.sent).toEqual([]);
    expect(fake.drops.tooLarge).toBe(before + 2);
    fake.fromPeer(PEER, relayed, 'x'.repeat(FULL - 4));
    expect(udp.sent[0]).toHaveLength(FULL);
  });
});

describe('this server’s own address', () => {
  it('reaches another allocation in process, and nothing else of this machine', () => {
    const fake = new FakeTransport();
    const alice = fake.client();
    const bob = fake.client('bob');
    const a = alice.allocate();
    const b = bob.allocate();
    expect(alice.permit(b)).toBe('ok');
    alice.sendTo(b, 'no permission there');
    expect(bob.sent).toEqual([]);
    expect(bob.bind(0x4000, a)).toBe('ok');
    alice.sendTo(b, 'hello');
    expect(bob.sent.at(-1)).toEqual(channelData(0x4000, Buffer.from('hello')));
    bob.receive(channelData(0x4000, Buffer.from('hello back')));
    const answer = decode(alice.sent.at(-1)!);
    expect(valueOf(answer, 0x0013)!.toString()).toBe('hello back');
    expect(decodeXorAddress(valueOf(answer, 0x0012)!, answer.transactionId)).toEqual(b);

    alice.sendTo({ address: OWN_IPV4, port: 3478 }, 'to our own listener');
    expect(fake.drops.peerPolicy).toBe(1);
    expect(fake.toPeers).toEqual([]);
  });

  it('is not left for the network where it is a public one, behind a NAT that would turn packets round', () => {
    const announced = '1.0.0.1';
    const fake = new FakeTransport({ relayHosts: [{ bind: '0.0.0.0', announced }] });
    const client = fake.client();
    client.allocate();
    expect(client.permit({ address: announced, port: 53 })).toBe('ok');
    client.sendTo({ address: announced, port: 53 }, 'to a service of this machine');
    expect([fake.toPeers, fake.drops.peerPolicy]).toEqual([[], 1]);
  });

  it('is forbidden under its other names, those that it gets while it runs too', () => {
    let own = ['1.0.0.2'];
    const fake = new FakeTransport({ ownAddresses: () => own });
    const client = fake.client();
    client.allocate();
    const permitted = (): (number | 'ok' | 'silence')[] =>
      ['1.0.0.2', '1.0.0.3'].map((address) => client.permit({ address, port: 53 }));
    expect(permitted()).toEqual([403, 'ok']);
    own = ['1.0.0.3'];
    fake.advance(300_000); // the permission is over
    expect(permitted()).toEqual(['ok', 403]);
  });
});

describe('control requests', () => {
  const dear = Array.from({ length: 49 }, (_, n) => ({ address: `192.0.2.${n}`, port: 9 }));
  const alsoDear = dear.map(({ address }) => ({ address, port: 10 }));

  it('are paid for by their peers, out of the allocation’s share', () => {
    const fake = new FakeTransport({ limits: { controlPerSecondPerAllocationMax: 100 } });
    const client = fake.client();
    client.allocate();
    expect(client.permit(...dear)).toBe('ok');
    expect(client.permit(...alsoDear)).toBe('ok');
    expect(client.permit(PEER)).toBe('silence');
    expect([fake.drops.rateLimit, client.holds]).toEqual([1, 1]);
    // It is dropped before it is read: nobody finds out that it is cut.
    client.receive(encode({ method: 'createPermission', transactionId: client.nextId() }).fill(0xff, 2, 4));
    expect([fake.drops.rateLimit, fake.drops.malformed]).toEqual([2, 0]);
    client.sendTo({ ...PEER, address: '192.0.2.1' }, 'data goes on');
    expect(fake.toPeers).toHaveLength(1);
    fake.advance(100);
    expect(client.permit(PEER)).toBe('ok');
  });

  it.each([
    ['a user', { controlPerSecondPerUserMax: 100 }, 'alice', 'alice', 1],
    ['an address, under whatever names', { controlPerSecondPerAddressMax: 100 }, 'alice', 'bob', 0],
  ] as const)('are paid for by %s', (_case, limits, first, second, othersToo) => {
    const fake = new FakeTransport({ limits });
    const from = { address: '198.51.100.76' };
    const [one, two] = [fake.client(first, from), fake.client(second, from)];
    const other = fake.client(first, { address: '198.51.100.77' });
    for (const client of [one, two, other]) client.allocate();
    one.permit(...dear);
    one.permit(...alsoDear);
    one.permit(PEER);
    one.permit(PEER);
    expect(two.permit(PEER)).toBe('silence');
    expect(other.permit(PEER)).toBe(othersToo === 1 ? 'silence' : 'ok');
    fake.advance(1_000);
    expect(two.permit(PEER)).toBe('ok');
  });

  it('cost nobody anything who is only named as their source', () => {
    const fake = new FakeTransport({ limits: { controlPerSecondPerAllocationMax: 10 } });
    const client = fake.client();
    client.allocate();
    const good = client.encode('createPermission', [peerAddress(PEER, client.nextId())], client.nextId());
    const { nonce } = client;
    client.nonce = Buffer.alloc(40, 48); // what somebody else would have to guess
    const forged = client.encode('createPermission', [peerAddress(PEER, client.nextId())]);
    client.nonce = nonce;
    for (let at = 0; at < 100; at++) client.receive(forged);
    client.answer();
    client.receive(good);
    expect(fake.drops.rateLimit).toBeLessThanOrEqual(100);
    expect(client.allocation!.control.has(8, fake.nowMs)).toBe(true);
  });
});

describe('bandwidth', () => {
  it('is limited for an allocation, in each direction, and comes back with time', () => {
    const fake = new FakeTransport({ limits: { bytesPerSecondPerAllocationMax: 1_000 } });
    const client = fake.client();
    const relayed = client.allocate();
    client.permit(PEER);
    for (let i = 0; i < 5; i++) client.sendTo(PEER, 'x'.repeat(300));
    expect(fake.toPeers).toHaveLength(3);
    fake.fromPeer(PEER, relayed, 'x'.repeat(300));
    expect(client.sent).toHaveLength(1);
    expect(fake.drops.bandwidth).toBe(2);
    fake.advance(500);
    client.sendTo(PEER, 'x'.repeat(400));
    expect(fake.toPeers).toHaveLength(4);
  });

  it('is used up by empty datagrams as well, which cost as much work as others', () => {
    const fake = new FakeTransport({ limits: { bytesPerSecondPerAllocationMax: 1_000 } });
    const client = fake.client();
    const relayed = client.allocate();
    client.bind(0x4000, PEER);
    for (let i = 0; i < 100; i++) {
      client.receive(channelData(0x4000, Buffer.alloc(0)));
      fake.fromPeer(PEER, relayed, '');
    }
    expect([fake.toPeers.length, client.sent.length]).toEqual([5, 5]);
    expect(fake.drops.bandwidth).toBe(190);
  });

  it.each([
    ['bytesPerSecondPerUserMax', 'alice', 1],
    ['bytesPerSecondPerUserMax', 'bob', 2],
    ['bytesPerSecondMax', 'bob', 1],
  ] as const)('%s is shared as it says (%s)', (limit, second, passed) => {
    const fake = new FakeTransport({ limits: { bytesPerSecondPerAllocationMax: 0, [limit]: 1_000 } });
    let received = 0;
    for (const client of [fake.client(), fake.client(second)]) {
      const relayed = client.allocate();
      client.permit(PEER);
      client.sendTo(PEER, 'x'.repeat(900));
      fake.fromPeer(PEER, relayed, 'x'.repeat(900));
      received += client.sent.length;
    }
    expect([fake.toPeers.length, received]).toEqual([passed, passed]);
  });

  it('of a user does not come anew with a new allocation', () => {
    const fake = new FakeTransport({
      limits: {
        allocationsPerUserMax: 1,
        bytesPerSecondPerAllocationMax: 0,
        bytesPerSecondPerUserMax: 1_000,
      },
    });
    const client = fake.client();
    const spend = (): number => {
      fake.toPeers.length = 0;
      client.allocate();
      client.permit(PEER);
      for (let i = 0; i < 5; i++) client.sendTo(PEER, 'x'.repeat(300));
      client.refresh(0);
      return fake.toPeers.length;
    };
    expect([spend(), spend()]).toEqual([3, 0]);
    fake.nowMs += 1_000;
    expect(spend()).toBe(3);
    client.allocate();
    fake.advance(1_000);
    expect(fake.client().outcome('allocate', UDP_TRANSPORT)).toBe(486); // it is still the same user
    client.refresh(0);
    expect(spend()).toBe(3);
    fake.advance(1_000);
    expect(fake.turnServer.table.quotas.entries).toBe(0);
  });
});

describe('a connection that goes away', () => {
  it('takes its allocation along', () => {
    const fake = new FakeTransport();
    const client = fake.client('alice', { transport: 'tls' });
    client.allocate();
    fake.turnServer.disconnected(client);
    expect(fake.openSockets).toBe(0);
    fake.turnServer.disconnected(client);
    expect(client.releases).toBe(1);
  });

  it('and a slow one loses packets, which are not counted as delivered', () => {
    const fake = new FakeTransport();
    const client = fake.client('alice', { transport: 'tcp' });
    const relayed = client.allocate();
    client.permit(PEER);
    client.isSlow = true;
    fake.fromPeer(PEER, relayed, 'x');
    expect(fake.counters.packetsToClients).toBe(0);
  });
});
