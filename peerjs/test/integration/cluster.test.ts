// Three signaling servers, each a process of its own, joined by a real nats-server: to clients they are one.
import { programOf } from '../../../test/support/compile.ts';
import { NatsServer } from '../../../test/support/nats-server.ts';
import { requireTool } from '../../../test/support/tools.ts';
import { connect, disconnectAll, open, type TestClient } from '../support/client.ts';
import { get, metric } from '../support/http.ts';
import { closeMembers, TestMember } from '../support/mesh-member.ts';
import { freePort } from '../../../scripts/lib/free-port.mjs';
import { start, type ServerProcess } from '../support/processes.ts';
import { until } from '../../../test/support/until.ts';

requireTool('nats-server')('three signaling servers joined by a nats-server', () => {
  let nats: NatsServer;
  let program: string;
  let nodes: ServerProcess[] = [];

  const node = async (): Promise<ServerProcess> =>
    start(
      program,
      {
        CLUSTER_URL: nats.url,
        CLUSTER_TOKEN: NatsServer.token,
        PEERJS_DISCOVERY: 'true',
        PEERJS_EXPIRE_SECONDS: '2',
        PEERJS_MESH_AWAY_SECONDS: '2',
        PEERJS_DRAIN_SECONDS: '0',
        LOG_LEVEL: 'warn',
      },
      await freePort(),
    );
  const port = (index: number): number => nodes[index]!.port;
  const nodesSeen = async (): Promise<string> => {
    const metrics = ['cluster_nodes', 'mesh_cluster_nodes'];
    const seen = nodes.map(async (each) => Promise.all(metrics.map((name) => metric(each.port, name))));
    return (await Promise.all(seen)).map(([ids, rooms]) => (ids === rooms ? ids : NaN)).join();
  };
  const whole = (seen: string): Promise<number> => until(seen, async () => (await nodesSeen()) === seen);
  const received = (client: TestClient, type: string, count: number): Promise<number> =>
    until(`${count} of ${type}`, () => client.of(type).length >= count);

  beforeAll(async () => {
    nats = await NatsServer.start();
    program = await programOf('peerjs/src/main.ts');
    nodes = await Promise.all([node(), node(), node()]);
    await whole('3,3,3');
  }, 60_000);

  afterEach(() => {
    disconnectAll();
    closeMembers();
  });

  afterAll(async () => {
    await Promise.all(nodes.map((each) => each.kill()));
    await nats.kill();
  }, 30_000);

  it('pass messages on in order, wherever the two clients are', async () => {
    // Several pairs: so that each node owns some of the ids, most likely.
    for (let pair = 0; pair < 8; pair++) {
      const [from, to] = [pair % 3, (pair + 1) % 3];
      const [alice, bob] = [await open(port(from), `alice${pair}`), await open(port(to), `bob${pair}`)];
      for (let number = 0; number < 20; number++)
        alice.send({ type: 'CANDIDATE', dst: `bob${pair}`, payload: number });
      await received(bob, 'CANDIDATE', 20);
      expect(bob.of('CANDIDATE')).toEqual(
        Array.from({ length: 20 }, (_, payload) => ({
          type: 'CANDIDATE',
          src: `alice${pair}`,
          dst: `bob${pair}`,
          payload,
        })),
      );
      bob.send({ type: 'ANSWER', dst: `alice${pair}`, payload: 'yes' });
      expect(await alice.receive('ANSWER')).toMatchObject({ src: `bob${pair}`, payload: 'yes' });
    }
  }, 30_000);

  it('send what a client says before it is told OPEN, and nothing in the name of somebody else', async () => {
    for (let pair = 0; pair < 4; pair++) {
      const bob = await open(port(0), `hasty bob${pair}`);
      const hasty = connect(port(1), `hasty${pair}`);
      hasty.socket.once('open', () => hasty.send({ type: 'OFFER', dst: `hasty bob${pair}`, payload: 1 }));
      expect(await bob.receive('OFFER')).toMatchObject({ src: `hasty${pair}` });
      const thief = connect(port(2), { id: `hasty${pair}`, token: 'another' });
      thief.socket.once('open', () => thief.send({ type: 'OFFER', dst: `hasty bob${pair}`, payload: 2 }));
      await thief.closed();
      bob.send({ type: 'OFFER', dst: `hasty${pair}`, payload: 3 });
      await hasty.receive('OFFER');
      expect(bob.of('OFFER')).toHaveLength(1);
    }
  }, 30_000);

  it('give an id to one client only, and let it come back to any node', async () => {
    for (let index = 0; index < 4; index++) {
      const id = `only${index}`;
      const first = await open(port(0), { id, token: 'first' });
      const other = connect(port(1), { id, token: 'other' });
      await other.receive('ID-TAKEN');
      await other.closed();
      const again = await open(port(2), { id, token: 'first' });
      await first.closed();
      const caller = await open(port(1), `caller${index}`);
      caller.send({ type: 'OFFER', dst: id, payload: 1 });
      await again.receive('OFFER');
      again.socket.terminate();
      await until(`${id} to be free`, async () => {
        const heir = connect(port(1), { id, token: 'heir' });
        await until('a word', () => heir.messages.length > 0);
        return heir.of('OPEN').length === 1;
      });
    }
  }, 30_000);

  it('keep what comes early for a client that comes late to another node, and tell when nobody came', async () => {
    const alice = await open(port(0), 'early alice');
    for (let index = 0; index < 4; index++)
      alice.send({ type: 'OFFER', dst: `late${index}`, payload: index });
    await alice.settled();
    for (let index = 0; index < 4; index++) {
      const late = await open(port(1 + (index % 2)), `late${index}`);
      expect(await late.receive('OFFER')).toMatchObject({ src: 'early alice', payload: index });
    }
    for (let index = 0; index < 4; index++) alice.send({ type: 'OFFER', dst: `never${index}`, payload: 1 });
    await received(alice, 'EXPIRE', 4);
    expect(
      alice
        .of('EXPIRE')
        .map(({ src }) => src)
        .sort(),
    ).toEqual(['never0', 'never1', 'never2', 'never3']);
  }, 30_000);

  it('list the ids of all, where that is allowed', async () => {
    await Promise.all([open(port(0), 'listed0'), open(port(1), 'listed1'), open(port(2), 'listed2')]);
    for (let index = 0; index < 3; index++) {
      const ids = (await (await get(port(index), '/peerjs/peers')).json()) as string[];
      expect(ids.filter((id) => id.startsWith('listed')).sort()).toEqual(['listed0', 'listed1', 'listed2']);
    }
  });

  it('lose nothing between the clients of the others when one is killed, and free its ids', async () => {
    const pairs = 12;
    const [alice, gone] = [await open(port(0), 'staying alice'), await open(port(2), 'killed client')];
    const bobs = await Promise.all(
      Array.from({ length: pairs }, (_, index) => open(port(1), `staying bob${index}`)),
    );
    nodes[2]!.child.kill('SIGKILL');
    await gone.closed();
    for (let index = 0; index < pairs; index++)
      alice.send({ type: 'OFFER', dst: `staying bob${index}`, payload: index });
    for (const bob of bobs) await received(bob, 'OFFER', 1);
    await until('the id to be free', async () => {
      const heir = connect(port(1), { id: 'killed client', token: 'heir' });
      await until('a word', () => heir.messages.length > 0);
      return heir.of('OPEN').length === 1;
    });
    // Nothing came twice.
    for (const bob of bobs) expect(bob.of('OFFER')).toHaveLength(1);
    nodes[2] = await node();
    await whole('3,3,3');
    const back = await open(port(2), 'back');
    for (let index = 0; index < pairs; index++)
      back.send({ type: 'ANSWER', dst: `staying bob${index}`, payload: index });
    for (const bob of bobs) await received(bob, 'ANSWER', 1);
  }, 60_000);

  it('go on by themselves while the nats-server is away, and have one holder for each id when it is back', async () => {
    const here = await open(port(0), 'here');
    const neighbour = await open(port(0), 'neighbour');
    await nats.kill();
    await whole('1,1,1');
    here.send({ type: 'OFFER', dst: 'neighbour', payload: 1 });
    await neighbour.receive('OFFER');
    // Each node gives the ids away by itself meanwhile.
    const doubles = await Promise.all(
      [0, 1, 2].map((index) => open(port(index), { id: 'double', token: `token${index}` })),
    );
    await nats.run();
    await whole('3,3,3');
    const isClosed = ({ closeCode }: TestClient): boolean => closeCode !== undefined;
    await until('two of them to be closed', () => doubles.filter(isClosed).length === 2);
    const there = await open(port(1), 'there');
    there.send({ type: 'OFFER', dst: 'double', payload: 1 });
    const [holder] = doubles.filter((client) => !isClosed(client));
    await received(holder!, 'OFFER', 1);
    there.send({ type: 'OFFER', dst: 'here', payload: 2 });
    await received(here, 'OFFER', 1);
  }, 60_000);

  const roomOf = (number: number): string => number.toString(16).padStart(64, '0');
  /** One member at each node. */
  const threeIn = (address: string): Promise<TestMember[]> =>
    Promise.all([0, 1, 2].map((index) => new TestMember(port(index)).join({ address })));

  it('are one for the members of a mesh room too', async () => {
    for (let number = 0; number < 4; number++) {
      const [a, b, c] = (await threeIn(roomOf(number))) as [TestMember, TestMember, TestMember];
      for (const each of [a, b, c])
        for (const other of [a, b, c]) if (other !== each) await each.sees(other.id);
      a.say({ action: 'status', version: 1, data: 'AAAA' });
      expect(await c.hear('status')).toEqual({ action: 'status', from: a.id, data: 'AAAA' });
      b.say({ action: 'signal', to: c.id, data: 'sealed' });
      expect(await c.hear('signal')).toEqual({ action: 'signal', from: b.id, data: 'sealed' });
      c.say({ action: 'fallback', to: [a.id, b.id], data: 'BBBB' });
      for (const each of [a, b]) expect(await each.hear('fallback')).toMatchObject({ from: c.id });
      const late = await new TestMember(port(number % 3)).join({ address: roomOf(number) });
      const { members } = await late.hear('members');
      expect(members.find(({ id }) => id === a.id)).toEqual({ id: a.id, status: 'AAAA' });
      const again = await new TestMember(port(0), c.pair).join({ address: roomOf(number) });
      await again.hear('members');
      expect(await c.closed()).toBe(4000);
      again.say({ action: 'leave' });
      await b.hear('left', ({ id }) => id === c.id);
    }
  }, 30_000);

  it('keep mesh rooms together when one is killed, and take its members back at the others', async () => {
    const rooms = await Promise.all(Array.from({ length: 12 }, (_, number) => threeIn(roomOf(100 + number))));
    for (const [a, b, c] of rooms as [TestMember, TestMember, TestMember][]) {
      for (const each of [a, b, c])
        for (const other of [a, b, c]) if (other !== each) await each.sees(other.id);
      a.say({ action: 'status', version: 7, data: 'AAAA' });
      await c.hear('status');
    }
    nodes[2]!.child.kill('SIGKILL');
    await Promise.all(rooms.map(([, , c]) => c!.closed()));
    for (const [number, [a, b, c]] of rooms.entries()) {
      // Half of the members come back, and see the others with what they said last; half do not, and are missed.
      if (number % 2 === 0) {
        const back = await new TestMember(port(1), c!.pair).join({ address: roomOf(100 + number) });
        await back.sees(a!.id, 'AAAA');
        await back.sees(b!.id);
      } else for (const each of [a!, b!]) await each.misses(c!.id);
      await until('a signal', async () => {
        a!.say({ action: 'signal', to: b!.id, data: `signal ${number}` });
        await new Promise((resolve) => setTimeout(resolve, 100));
        return b!.replies.some((reply) => reply.action === 'signal');
      });
    }
    nodes[2] = await node();
    await whole('3,3,3');
    for (const [number, [a, b]] of rooms.entries()) {
      const late = await new TestMember(port(2)).join({ address: roomOf(100 + number) });
      for (const each of [a!, b!]) await late.sees(each.id);
    }
  }, 60_000);

  it('bring members together that came to one room while the nats-server was away', async () => {
    await nats.kill();
    await whole('1,1,1');
    const rooms = await Promise.all(Array.from({ length: 6 }, (_, number) => threeIn(roomOf(200 + number))));
    for (const each of rooms.flat()) await each.hear('members');
    await nats.run();
    await whole('3,3,3');
    for (const members of rooms)
      for (const each of members) for (const other of members) if (other !== each) await each.sees(other.id);
  }, 60_000);
});
