// What every signaling engine has to do, seen by PeerJS clients: over real sockets, with the whole service around it.
import { ENGINES, type EngineName } from '../../src/engines.ts';
import { signToken } from '../../src/signaling/identity.ts';
import { connect, disconnectAll, open, TestClient, until } from '../support/client.ts';
import { get, metric, upgrade } from '../support/http.ts';
import { startService, type RunningService } from '../support/service.ts';

/** No limit but the one that is looked at. */
const UNLIMITED = {
  PEERJS_MESSAGES_PER_SECOND: '1000000',
  PEERJS_MESSAGES_BURST: '1000000',
  PEERJS_MESSAGES_PER_ADDRESS_PER_SECOND: '10000000',
  PEERJS_MESSAGES_PER_ADDRESS_BURST: '10000000',
};

const running: RunningService[] = [];

afterEach(async () => {
  disconnectAll();
  for (const service of running.splice(0)) await service.stop();
});

for (const name of ENGINES) describe(`${name} as a signaling engine`, () => describeSignalingEngine(name));

function describeSignalingEngine(name: EngineName): void {
  async function start(env: Record<string, string> = {}): Promise<RunningService> {
    const service = await startService({ PEERJS_ENGINE: name, ...env });
    running.push(service);
    return service;
  }

  describe('relaying', () => {
    it('passes every kind of message on in order, with the true sender', async () => {
      const { port } = await start();
      const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
      for (const type of ['OFFER', 'CANDIDATE', 'ANSWER', 'LEAVE']) {
        alice.send({ type, dst: 'bob', src: 'mallory', payload: { text: 'grüße' }, extra: 1 });
      }
      await bob.receive('LEAVE');
      expect(bob.messages.slice(1)).toEqual(
        ['OFFER', 'CANDIDATE', 'ANSWER', 'LEAVE'].map((type) => ({
          type,
          src: 'alice',
          dst: 'bob',
          payload: { text: 'grüße' },
        })),
      );
    });

    it('keeps what comes early for a peer that comes late, and tells the sender when nobody came', async () => {
      const { port } = await start({ PEERJS_EXPIRE_SECONDS: '1' });
      const alice = await open(port, 'alice');
      alice.send({ type: 'OFFER', dst: 'late', payload: 1 });
      await alice.settled();
      const late = await open(port, 'late');
      expect(await late.receive('OFFER')).toMatchObject({ src: 'alice' });
      alice.send({ type: 'OFFER', dst: 'never', payload: 1 });
      expect(await alice.receive('EXPIRE')).toEqual({ type: 'EXPIRE', src: 'never', dst: 'alice' });
    });

    it('gives who comes late OPEN first, then everything in order, and tells nobody that it failed', async () => {
      const { port } = await start({ PEERJS_EXPIRE_SECONDS: '1' });
      const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
      alice.send({ type: 'OFFER', dst: 'late', payload: 1 });
      alice.send({ type: 'CANDIDATE', dst: 'late', payload: 2 });
      await alice.settled();
      bob.send({ type: 'CANDIDATE', dst: 'late', payload: 3 });
      bob.send({ type: 'LEAVE', dst: 'late' }); // nobody need be told later that somebody goes
      await bob.settled();
      const late = await open(port, 'late');
      await until('all', () => late.messages.length === 4);
      expect(late.messages.map(({ type, src, payload }) => [type, src, payload])).toEqual([
        ['OPEN', undefined, undefined],
        ['OFFER', 'alice', 1],
        ['CANDIDATE', 'alice', 2],
        ['CANDIDATE', 'bob', 3],
      ]);
      alice.send({ type: 'OFFER', dst: 'never', payload: 1 });
      await alice.receive('EXPIRE');
      expect([...alice.of('EXPIRE'), ...bob.of('EXPIRE')].map(({ src }) => src)).toEqual(['never']);
    });

    it('tells each sender once that nobody came, however many messages it had sent', async () => {
      const { port } = await start({ PEERJS_EXPIRE_SECONDS: '1' });
      const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
      for (let i = 0; i < 5; i++) alice.send({ type: 'CANDIDATE', dst: 'never', payload: i });
      await alice.settled();
      bob.send({ type: 'OFFER', dst: 'never' });
      await Promise.all([alice.receive('EXPIRE'), bob.receive('EXPIRE')]);
      await Promise.all([alice.settled(), bob.settled()]);
      expect([alice.of('EXPIRE').length, bob.of('EXPIRE').length]).toEqual([1, 1]);
    });

    it('tells at once that an offer to a full queue cannot be delivered', async () => {
      const { port } = await start({ PEERJS_QUEUED_PER_PEER_MAX: '1' });
      const alice = await open(port, 'alice');
      alice.send({ type: 'OFFER', dst: 'absent', payload: 1 });
      alice.send({ type: 'CANDIDATE', dst: 'absent', payload: 1 });
      await alice.settled();
      expect(alice.of('EXPIRE')).toEqual([]);
      alice.send({ type: 'OFFER', dst: 'absent', payload: 2 });
      expect(await alice.receive('EXPIRE')).toMatchObject({ src: 'absent' });
    });

    it('keeps messages again for a peer that came and left', async () => {
      const { port } = await start({ PEERJS_QUEUED_PER_PEER_MAX: '1' });
      const alice = await open(port, 'alice');
      for (let i = 0; i < 3; i++) {
        alice.send({ type: 'OFFER', dst: 'late', payload: i });
        await alice.settled();
        const late = await open(port, 'late');
        expect(await late.receive('OFFER')).toMatchObject({ payload: i });
        late.socket.close();
        await late.closed();
      }
      expect(alice.of('EXPIRE')).toEqual([]);
    });

    it('slows an eager client down without losing anything', async () => {
      const { port } = await start({ PEERJS_MESSAGES_PER_SECOND: '200', PEERJS_MESSAGES_BURST: '100' });
      const [alice, bob] = [await open(port, 'alice'), await open(port, 'bob')];
      const startedMs = performance.now();
      for (let i = 0; i < 150; i++) alice.send({ type: 'CANDIDATE', dst: 'bob', payload: i });
      await alice.settled();
      alice.send({ type: 'ANSWER', dst: 'bob' });
      await bob.receive('ANSWER');
      expect(performance.now() - startedMs).toBeGreaterThan(200);
      expect(bob.of('CANDIDATE').map(({ payload }) => payload)).toEqual(
        Array.from({ length: 150 }, (_, i) => i),
      );
      expect(await metric(port, 'rests_total')).toBeGreaterThan(0);
    });

    it('counts the messages of one address together', async () => {
      const { port } = await start({
        PEERJS_MESSAGES_PER_ADDRESS_PER_SECOND: '100',
        PEERJS_MESSAGES_PER_ADDRESS_BURST: '20',
      });
      const clients = await Promise.all(['a', 'b', 'c', 'd'].map((id) => open(port, id)));
      for (let i = 0; i < 10; i++) for (const client of clients) client.send({ type: 'HEARTBEAT' });
      await Promise.all(clients.map((client) => client.settled()));
      expect(await metric(port, 'rests_total')).toBeGreaterThan(0);
    });

    it('makes pings cost as much as messages', async () => {
      const { port } = await start({ PEERJS_MESSAGES_PER_SECOND: '10', PEERJS_MESSAGES_BURST: '50' });
      const flooder = await open(port, 'flooder');
      for (let i = 0; i < 1_000; i++) flooder.socket.ping('x'.repeat(100));
      expect(await flooder.closed()).toBe(1008);
    });

    it('closes a client that only makes faults', async () => {
      const { port } = await start({ PEERJS_FAULTS_MAX: '5' });
      const broken = await open(port, 'broken');
      for (let i = 0; i < 5; i++) broken.send('not json');
      await broken.settled();
      expect(broken.closeCode).toBeUndefined();
      broken.socket.send(Buffer.from('{"type":"HEARTBEAT"}'), { binary: true });
      expect(await broken.closed()).toBe(1008);
    });

    it('tells the senders when a client does not read, and lets it be', async () => {
      const { port } = await start({
        PEERJS_FRAME_BYTES_MAX: '8192',
        PEERJS_SEND_BUFFER_BYTES_MAX: '65536',
        PEERJS_MESSAGES_BURST: '100000',
        PEERJS_MESSAGES_PER_ADDRESS_BURST: '100000',
      });
      const [sender, reader] = [await open(port, 'sender'), await open(port, 'reader')];
      reader.socket.pause();
      const payload = 'x'.repeat(8_000);
      for (let i = 0; i < 4_000; i++) sender.send({ type: 'OFFER', dst: 'reader', payload });
      expect(await sender.receive('EXPIRE')).toMatchObject({ src: 'reader' });
      await sender.settled();
      expect(sender.of('EXPIRE').length).toBeGreaterThan(100);
      reader.socket.resume();
      await reader.settled();
      sender.send({ type: 'ANSWER', dst: 'reader' });
      await reader.receive('ANSWER');
      expect([sender.closeCode, reader.closeCode]).toEqual([undefined, undefined]);
    });
  });

  describe('ids', () => {
    it('says ID-TAKEN to another token, and lets the holder be', async () => {
      const { port } = await start();
      const alice = await open(port, 'alice');
      const thief = connect(port, { id: 'alice', token: 'other' });
      expect(await thief.receive('ID-TAKEN')).toMatchObject({ payload: { msg: 'ID is taken' } });
      await thief.closed();
      await alice.settled();
      expect(alice.closeCode).toBeUndefined();
    });

    it('keeps the id of a silent holder for the idle limit, and no longer', async () => {
      const service = await start();
      const gone = await open(service.port, 'alice');
      gone.socket.pause(); // answers nothing any more
      service.advance(60_000);
      service.signaling.sweep();
      await connect(service.port, { id: 'alice', token: 'other' }).receive('ID-TAKEN');
      service.advance(31_000);
      service.signaling.sweep();
      await open(service.port, { id: 'alice', token: 'other' });
    });

    it.each([
      ['a key that is not ours', { id: 'a', key: 'wrong' }, 'Invalid key provided'],
      ['no id', { id: '' }, 'No id, token, or key supplied to websocket server'],
      ['no token', { id: 'a', token: '' }, 'No id, token, or key supplied to websocket server'],
      ['a token of other characters', { id: 'a', token: 'tökén' }, 'Invalid token provided'],
    ])('refuses %s in words that the PeerJS client shows', async (_case, who, msg) => {
      const { port } = await start();
      const client = connect(port, who);
      expect(await client.receive('ERROR')).toEqual({ type: 'ERROR', payload: { msg } });
      await client.closed();
    });

    it('is not harmed by bytes that follow from a client that was turned away', async () => {
      const { port } = await start();
      const bystander = await open(port, 'bystander');
      const answer = upgrade(port, '/peerjs?id=..&token=t&key=peerjs', {}, Buffer.alloc(64, 0xff));
      expect(await answer).toContain('Invalid id provided');
      await bystander.settled();
      expect(running[0]!.counters.socketErrors.counts).toEqual({}); // they are not even parsed
    });

    it('takes ids with blanks, which travel encoded', async () => {
      const { port } = await start();
      const [two, other] = [await open(port, 'two words'), await open(port, 'other')];
      other.send({ type: 'OFFER', dst: 'two words' });
      expect(await two.receive('OFFER')).toMatchObject({ dst: 'two words' });
    });

    it('makes up free ids over HTTP', async () => {
      const { port } = await start();
      const id = await (await get(port, '/peerjs/id')).text();
      await open(port, id);
    });

    it('lists the connected ids only where discovery is on', async () => {
      const on = await start({ PEERJS_DISCOVERY: 'true' });
      await open(on.port, 'alice');
      expect(await (await get(on.port, '/peerjs/peers')).json()).toEqual(['alice']);
      const off = await start();
      expect((await get(off.port, '/peerjs/peers')).status).toBe(401);
    });

    it('has its own path and key where the operator says so', async () => {
      const { port } = await start({ PEERJS_PATH: '/app/', PEERJS_KEY: 'mine' });
      expect((await get(port, '/app/mine/id')).status).toBe(200);
      expect(await upgrade(port, '/peerjs?id=a&token=t&key=mine')).toContain('404');
      await new TestClient(`ws://127.0.0.1:${port}/app/peerjs?id=a&token=t&key=mine`).receive('OPEN');
    });
  });

  describe('signed tokens', () => {
    const secret = 'ab'.repeat(16);
    const soon = (): number => Math.floor(Date.now() / 1000) + 60;

    it('let their owner in, and nobody else', async () => {
      const { port } = await start({ PEERJS_AUTH_SECRET: secret });
      await open(port, { id: 'alice', token: signToken(secret, 'alice', soon()) });
      const bob = connect(port, { id: 'bob', token: signToken(secret, 'alice', soon()) });
      expect(await bob.receive('ERROR')).toMatchObject({ payload: { msg: 'Invalid token provided' } });
    });

    it('let their owner come back with a newer one, which replaces the socket', async () => {
      const { port } = await start({ PEERJS_AUTH_SECRET: secret });
      const first = await open(port, { id: 'alice', token: signToken(secret, 'alice', soon()) });
      await open(port, { id: 'alice', token: signToken(secret, 'alice', soon() + 1) });
      expect(await first.closed()).toBe(4000);
    });

    it('expire for who opens, not for who is connected', async () => {
      const service = await start({ PEERJS_AUTH_SECRET: secret });
      const token = signToken(secret, 'alice', soon());
      const alice = await open(service.port, { id: 'alice', token });
      service.advance(61_000);
      await alice.settled();
      await connect(service.port, { id: 'alice', token }).receive('ERROR');
      expect(alice.closeCode).toBeUndefined();
    });
  });

  describe('a stranger who wants an id', () => {
    const countPings = (client: TestClient): { readonly pings: number } => {
      const count = { pings: 0 };
      client.socket.on('ping', () => count.pings++);
      return count;
    };

    it('changes nothing for its holder, who is not even asked', async () => {
      const { port } = await start({ PEERJS_MESSAGES_PER_SECOND: '1', PEERJS_MESSAGES_BURST: '10' });
      const alice = await open(port, 'alice');
      const count = countPings(alice);
      for (let i = 0; i < 40; i++) await connect(port, { id: 'alice', token: 'other' }).receive('ID-TAKEN');
      await alice.settled();
      expect([count.pings, alice.closeCode]).toEqual([0, undefined]);
      expect(running[0]!.counters.rests).toBe(0);
    });

    it.each([
      ['a wrong key', { id: 'alice', token: 'other', key: 'wrong' }],
      ['no token', { id: 'alice', token: '' }],
    ])('is not taken seriously with %s', async (_case, who) => {
      const { port } = await start();
      const alice = await open(port, 'alice');
      const count = countPings(alice);
      await connect(port, who).receive('ERROR');
      await alice.settled();
      expect(count.pings).toBe(0);
    });
  });

  describe('a client that floods', () => {
    const offer = (dst: string, payload: unknown): object => ({ type: 'OFFER', dst, payload });

    it('the queue of a peer that is not there does not keep it from coming', async () => {
      const { port } = await start(UNLIMITED);
      const mallory = await open(port, 'mallory');
      for (let i = 0; i < 40; i++) mallory.send(offer('victim', 'x'.repeat(65_000)));
      await mallory.receive('EXPIRE');
      await mallory.settled();
      const victim = await open(port, 'victim');
      mallory.send(offer('victim', 'last'));
      await until('the last', () => victim.of('OFFER').at(-1)?.payload === 'last');
      expect(victim.closeCode).toBeUndefined();
    });

    it('one that reads slowly does not get it cut, with however many sockets at once', async () => {
      const service = await start(UNLIMITED);
      const { port } = service;
      const victim = await open(port, 'victim');
      victim.socket.pause();
      const flooders = await Promise.all(Array.from({ length: 30 }, (_, i) => open(port, `flooder${i}`)));
      for (let i = 0; i < 20; i++) for (const one of flooders) one.send(offer('victim', 'x'.repeat(65_000)));
      await Promise.all(flooders.map((one) => one.settled()));
      expect(service.counters.refusedFrames.counts['receiver_slow']).toBeGreaterThan(0);
      victim.socket.resume();
      // A ping is not answered as long as much waits to be read by who sent it
      const pinging = setInterval(() => victim.socket.ping(), 50);
      await victim.settled().finally(() => clearInterval(pinging));
      expect(service.counters.closed.counts).toEqual({});
    });

    it('a queue for somebody else is not a fault of those who come after', async () => {
      const { port } = await start({ ...UNLIMITED, PEERJS_QUEUED_PER_PEER_MAX: '1', PEERJS_FAULTS_MAX: '5' });
      const [mallory, friend] = [await open(port, 'mallory'), await open(port, 'friend')];
      mallory.send(offer('late', 'mine'));
      await mallory.settled();
      for (let i = 0; i < 20; i++) friend.send(offer('late', i));
      await until('all to be refused', () => friend.of('EXPIRE').length === 20);
      await friend.settled();
      expect(friend.closeCode).toBeUndefined();
    });

    it('queues with empty objects fills no memory that was not counted', async () => {
      const service = await start({ ...UNLIMITED, PEERJS_QUEUED_BYTES_MAX: '1048576' });
      const mallory = await open(service.port, 'mallory');
      const empties = Array(5_000).fill({});
      for (let i = 0; i < 10; i++) mallory.send(offer(`absent${i}`, empties));
      // Two are counted as half a million bytes each.
      await until('the others to be refused', () => mallory.of('EXPIRE').length >= 8);
      expect(mallory.of('EXPIRE')).toHaveLength(8);
    });
  });

  describe('life', () => {
    it('lets no wrong token shorten the life of who holds the id, were it asleep', async () => {
      const service = await start();
      const asleep = await open(service.port, { id: 'alice', token: 'right' });
      asleep.socket.pause(); // a laptop that is closed for a minute
      for (let second = 0; second < 60; second += 5) {
        service.advance(5_000);
        await connect(service.port, { id: 'alice', token: `wrong${second}` }).receive('ID-TAKEN');
        service.signaling.sweep();
      }
      expect(service.counters.closed.counts['idle']).toBeUndefined();
      asleep.socket.resume();
      await asleep.settled();
      expect(asleep.closeCode).toBeUndefined();
      await open(service.port, { id: 'alice', token: 'right' }); // its owner has it at once
      expect(service.counters.replaced).toBe(1);
    });

    it('still knows the client that came back when its old socket is closed', async () => {
      const service = await start();
      const first = await open(service.port, 'returning');
      const back = await open(service.port, 'returning');
      await first.closed();
      await back.settled();
      expect(service.signaling.clients).toBe(1);
      back.socket.pause();
      service.advance(91_000);
      service.signaling.sweep();
      await until('the end of who is silent', () => service.signaling.clients === 0);
    });

    it('cuts, when it stops, those who were turned away and stay', async () => {
      const service = await start();
      const refused = upgrade(service.port, '/peerjs?id=..&token=t&key=peerjs'); // never answers a close
      await until('the refusal', () => service.counters.closed.counts['bad_id'] === 1);
      expect(await metric(service.port, 'connections')).toBe(1);
      await service.signaling.stop();
      let turns = 0; // ws itself would wait for 5 seconds
      while ((await metric(service.port, 'connections')) > 0 && turns < 50) turns++;
      expect(turns).toBeLessThan(50);
      expect(await refused).toContain('Invalid id provided');
    });

    it('leaves nothing behind when it stops', async () => {
      const service = await startService({ PEERJS_ENGINE: name });
      const client = await open(service.port, 'client');
      expect(service.server.http.listening).toBe(true);
      await service.stop();
      expect(await client.closed()).toBe(1012);
      client.socket.terminate();
      // `peer` sets its timers again for ever, by these delays.
      const original = globalThis.setTimeout;
      const delaysMs: unknown[] = [];
      globalThis.setTimeout = ((callback: () => void, delayMs?: number) => {
        delaysMs.push(delayMs);
        return original(callback, delayMs);
      }) as typeof setTimeout;
      await new Promise((resolve) => original(resolve, 1_200));
      globalThis.setTimeout = original;
      expect(delaysMs.filter((delayMs) => delayMs === 300 || delayMs === 1_000)).toEqual([]);
    });
  });
}
