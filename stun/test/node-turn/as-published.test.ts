// Why there is a guard: what node-turn does without it. Should a new version pass here, the guard may become lower.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ListeningAddress } from '../../src/engine.ts';
import { ALICE, engineOptions, REALM } from '../contracts/options.ts';
import { errorCodeOf } from '../contracts/stun-message.ts';
import { TurnClient, type Login } from '../contracts/turn-client.ts';
import { UdpPeer } from '../contracts/udp-peer.ts';
import { freeUdpPort } from '../../../scripts/lib/free-port.mjs';

const SERVER = join(import.meta.dirname, '../../bench/node-turn-as-published.mjs');

let server: ChildProcess;
let at: ListeningAddress;
const open: { close(): void }[] = [];

beforeEach(async () => {
  const { relayPortMin, relayPortMax } = engineOptions();
  at = { transport: 'udp', host: '127.0.0.1', port: await freeUdpPort() };
  server = fork(SERVER, {
    stdio: 'ignore',
    env: {
      BENCH_PORT: String(at.port),
      BENCH_REALM: REALM,
      BENCH_USERNAME: ALICE.username,
      BENCH_PASSWORD: ALICE.password,
      BENCH_RELAY_PORT_MIN: String(relayPortMin),
      BENCH_RELAY_PORT_MAX: String(relayPortMax),
    },
  });
  await (await client()).binding(); // asks until there is an answer
});
afterEach(async () => {
  for (const one of open.splice(0)) one.close();
  if (server.exitCode !== null) return;
  server.kill();
  await once(server, 'exit');
});

async function client(login: Login = ALICE): Promise<TurnClient> {
  const one = await TurnClient.connect(at, login);
  open.push(one);
  return one;
}

describe('node-turn as published', () => {
  it('dies of one datagram from a peer', async () => {
    const alice = await client();
    const peer = await UdpPeer.open();
    open.push(peer);
    const relayed = await alice.allocated();
    await alice.permit(peer.address);
    const died = once(server, 'exit');
    peer.send('', relayed);
    expect(await died).toEqual([1, null]);
  });

  it('lets the user constructor in', async () => {
    const mallory = await client({
      username: 'constructor',
      password: 'function Object() { [native code] }',
    });
    await expect(mallory.allocated()).resolves.toBeDefined();
  });

  it('answers ChannelBind without the integrity that Chromium waits for', async () => {
    const alice = await client();
    await alice.allocated();
    await expect(alice.bind(0x4000, { address: '127.0.0.1', port: 9 })).rejects.toThrow('not sealed');
  });

  it('ends an allocation that is refreshed', async () => {
    const alice = await client();
    await alice.allocated();
    await alice.refresh(600);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(errorCodeOf(await alice.refresh(600))).toBe(437);
  });

  it('lets clients reach the metadata service of a cloud', async () => {
    const alice = await client();
    await alice.allocated();
    expect((await alice.permit({ address: '169.254.169.254', port: 80 })).class).toBe('success');
  });
});
