// The faults of bare `peer`, each as something that must hold. The test runs this list twice: it holds for our service, and
// does not for bare `peer`, so that every line is known to be able to fail.
import { request } from 'node:http';
import { connect, open, until, type TestClient } from '../support/client.ts';
import { WebSocket } from 'ws';
import { untilWithin } from '../../../test/support/until.ts';

export interface Running {
  readonly port: number;
}

export interface RunningProcess extends Running {
  readonly terminate: () => Promise<{ exitCode: number | null; milliseconds: number }>;
}

export interface Subject {
  /** Starts a server with settings named as ours; bare `peer` knows some of them. */
  readonly start: (env?: Record<string, string>) => Promise<Running>;
  /** The same in a process of its own, to be stopped by a signal: its exit code, and how long it took. */
  readonly startProcess: () => Promise<RunningProcess>;
  /** The version, or the range of versions, of `ws` that it gets where it is installed. */
  readonly wsRange: string;
  /** What TypeScript says about a program that imports it, with the declarations of libraries checked too. */
  readonly typeFaults: () => string[];
}

const offer = (dst: string, payload: unknown = { sdp: 'x' }): object => ({ type: 'OFFER', dst, payload });

async function get(port: number, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.arrayBuffer();
  return response.status;
}

/** Opens until one is refused; how many are open together. */
async function openMany(count: number, next: (i: number) => Promise<TestClient>): Promise<number> {
  const clients: TestClient[] = [];
  for (let i = 0; i < count; i++) clients.push(await next(i));
  await Promise.all(clients.map((client) => client.settled().catch(() => undefined)));
  return clients.filter((client) => client.of('OPEN').length > 0 && client.closeCode === undefined).length;
}

async function tryToOpen(port: number, who: Parameters<typeof connect>[1]): Promise<TestClient> {
  const client = connect(port, who);
  await until('an answer', () => client.messages.length > 0 || client.closeCode !== undefined);
  return client;
}

const patient = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

export const faults: readonly [name: string, holds: (subject: Subject) => Promise<void>][] = [
  [
    '1: a frame that is not JSON, or null, or a string, harms nobody',
    async ({ start }) => {
      const { port } = await start({ BARE_LISTENS_TO_ERRORS: 'false' });
      const [bystander, attacker] = [await open(port, 'bystander'), await open(port, 'attacker')];
      for (const frame of ['not json', 'null', '"text"', '7', '']) attacker.send(frame);
      await attacker.settled();
      await open(port, 'newcomer');
      attacker.send(offer('bystander'));
      await bystander.receive('OFFER');
    },
  ],
  [
    '2: LEAVE without a destination does not open a way around the connection limit',
    async ({ start }) => {
      const { port } = await start({ PEERJS_CONNECTIONS_MAX: '3' });
      const together = await openMany(8, async (i) => {
        const client = await tryToOpen(port, `client${i}`);
        if (client.closeCode === undefined) client.send({ type: 'LEAVE' });
        return client;
      });
      expect(together).toBe(3);
    },
  ],
  [
    '2: the old socket of a client that comes back is closed',
    async ({ start }) => {
      const { port } = await start();
      const first = await open(port, 'returning');
      connect(port, 'returning');
      expect(await first.closed()).toBeGreaterThan(0);
    },
  ],
  [
    '3: a client that comes back before its old socket is closed is told OPEN',
    async ({ start }) => {
      const { port } = await start();
      await open(port, 'returning');
      const back = await open(port, 'returning');
      const other = await open(port, 'other');
      other.send(offer('returning'));
      await back.receive('OFFER');
    },
  ],
  [
    '4: the HTTP API asks for the key',
    async ({ start }) => {
      const { port } = await start({ PEERJS_DISCOVERY: 'true' });
      expect(await get(port, '/peerjs/id')).toBe(200);
      expect(await get(port, '/peerjs/peers')).toBe(200);
      expect(await get(port, '/wrong/id')).toBe(401);
      expect(await get(port, '/wrong/peers')).toBe(401);
    },
  ],
  [
    '5: a frame of 20 MiB closes its sender and reaches nobody',
    async ({ start }) => {
      const { port } = await start();
      const [sender, receiver] = [await open(port, 'sender'), await open(port, 'receiver')];
      sender.send(offer('receiver', 'x'.repeat(20 * 1024 * 1024)));
      expect(await sender.closed()).toBe(1009);
      await receiver.settled();
      expect(receiver.of('OFFER')).toEqual([]);
    },
  ],
  [
    '5: only so many messages wait for a peer that is not there',
    async ({ start }) => {
      const { port } = await start({
        PEERJS_MESSAGES_BURST: '100000',
        PEERJS_MESSAGES_PER_ADDRESS_BURST: '100000',
        PEERJS_FAULTS_MAX: '100000',
      });
      const sender = await open(port, 'sender');
      for (let i = 0; i < 500; i++) sender.send({ type: 'CANDIDATE', dst: 'absent', payload: i });
      await sender.settled();
      const late = await open(port, 'absent');
      await late.settled();
      expect(late.of('CANDIDATE')).toHaveLength(100);
    },
  ],
  [
    '6: another WebSocket service works on the same port',
    async ({ start }) => {
      const { port } = await start({ BARE_SIBLING: 'true' });
      await open(port, 'client');
      const sibling = new WebSocket(`ws://127.0.0.1:${port}/sibling`);
      try {
        const echoed = await new Promise<string>((resolve, reject) => {
          sibling.on('error', reject);
          sibling.on('open', () => sibling.send('hello'));
          sibling.on('message', (data) => resolve((data as Buffer).toString()));
        });
        expect(echoed).toBe('hello');
      } finally {
        sibling.terminate();
      }
    },
  ],
  [
    '7: an id or a destination is short and of plain characters',
    async ({ start }) => {
      const { port } = await start();
      for (const id of ['../../etc', '<script>', 'x'.repeat(65), '__proto__']) {
        expect((await tryToOpen(port, id)).of('OPEN')).toEqual([]);
      }
      const client = await open(port, 'client');
      client.send(offer('x'.repeat(10_000)));
      client.send({ type: 'OFFER', dst: { id: 'client' }, payload: 1 });
      client.send(offer('<script>'));
      expect(await client.receive('EXPIRE')).toMatchObject({ src: '<script>', dst: 'client' });
    },
  ],
  [
    '7: pages of other origins are kept out where the operator says so',
    async ({ start }) => {
      const { port } = await start({ PEERJS_ORIGINS: 'https://good.example' });
      await open(port, 'good', { origin: 'https://good.example' });
      const evil = connect(port, 'evil', { origin: 'https://evil.example' });
      await evil.closed();
      expect(evil.refusedWith).toBe(403);
    },
  ],
  [
    '7: a flood is slowed down, and its socket closed where it does not listen',
    async ({ start }) => {
      const { port } = await start({ PEERJS_MESSAGES_PER_SECOND: '10', PEERJS_MESSAGES_BURST: '100' });
      const [flooder, receiver] = [await open(port, 'flooder'), await open(port, 'receiver')];
      const candidate = JSON.stringify({ type: 'CANDIDATE', dst: 'receiver', payload: 1 });
      for (let i = 0; i < 2_000; i++) flooder.send(candidate);
      expect(await flooder.closed()).toBe(1008);
      await receiver.settled();
      expect(receiver.of('CANDIDATE').length).toBeLessThan(250);
    },
  ],
  [
    '7: one address has only so many connections',
    async ({ start }) => {
      const { port } = await start({ PEERJS_CONNECTIONS_PER_ADDRESS_MAX: '2' });
      expect(await openMany(4, (i) => tryToOpen(port, `client${i}`))).toBe(2);
    },
  ],
  [
    '7: with a secret, only the owner of a signed token has the id',
    async ({ start }) => {
      const { port } = await start({ PEERJS_AUTH_SECRET: 'ab'.repeat(16) });
      expect((await tryToOpen(port, { id: 'alice', token: 'guess' })).of('OPEN')).toEqual([]);
    },
  ],
  [
    '8: it stops when told to, with a word to its clients, in less than 8 seconds',
    async ({ startProcess }) => {
      const { port, terminate } = await startProcess();
      const client = await open(port, 'client');
      const { exitCode, milliseconds } = await terminate();
      expect(exitCode).toBe(0);
      expect(milliseconds).toBeLessThan(8_000);
      expect(await client.closed()).toBe(1012);
    },
  ],
  [
    '9: it cannot be given a ws that it does not run with',
    ({ wsRange }) => {
      expect(wsRange).toMatch(/^8\.\d+\.\d+$/);
      return Promise.resolve();
    },
  ],
  [
    '10: TypeScript finds every declaration',
    ({ typeFaults }) => {
      expect(typeFaults()).toEqual([]);
      return Promise.resolve();
    },
  ],
  [
    'more: a payload a few thousand levels deep does not throw its receiver out',
    async ({ start }) => {
      const { port } = await start();
      const [attacker, victim] = [await open(port, 'attacker'), await open(port, 'victim')];
      attacker.send(`{"type":"OFFER","dst":"victim","payload":${'['.repeat(10_000)}${']'.repeat(10_000)}}`);
      await attacker.settled();
      await victim.settled();
      expect(victim.closeCode).toBeUndefined();
    },
  ],
  [
    'more: what a replaced socket still says is not said in the name of its id',
    async ({ start }) => {
      const { port } = await start();
      const receiver = await open(port, 'receiver');
      const first = await open(port, 'returning');
      connect(port, 'returning');
      await untilWithin(500)(
        'the first to be replaced',
        () => first.socket.readyState !== WebSocket.OPEN,
      ).catch(() => undefined);
      if (first.socket.readyState === WebSocket.OPEN) first.send(offer('receiver'));
      await patient(50);
      expect(receiver.of('OFFER')).toEqual([]);
    },
  ],
  [
    'more: the HTTP API does not say what it is made of',
    async ({ start }) => {
      const { port } = await start();
      const headers = await new Promise<object>((resolve, reject) => {
        request({ port, path: '/' }, (response) => {
          response.resume();
          resolve(response.headers);
        })
          .on('error', reject)
          .end();
      });
      expect(headers).not.toHaveProperty('x-powered-by');
    },
  ],
];
