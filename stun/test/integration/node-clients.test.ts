// WebRTC stacks for Node, relay only: libdatachannel (libjuice) and werift. Neither shares code with Chromium or with us.
import nodeDataChannel from 'node-datachannel';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startService, type RunningService } from '../support/service.ts';

const run = promisify(execFile);
const WERIFT_PAIR = join(import.meta.dirname, '../support/werift-pair.mjs');
const MESSAGES = 50;
const HOST_AND_PORT = /^turn:([^:]+):(\d+)\?transport=udp$/;

let service: RunningService;
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await service.stop();
});
afterAll(() => nodeDataChannel.cleanup());

async function relayOf(running: RunningService) {
  const { iceServers } = await running.iceServers();
  const {
    urls,
    username = '',
    credential = '',
  } = iceServers.find((server) => server.username !== undefined)!;
  const url = urls.find((one) => HOST_AND_PORT.test(one))!;
  const [, hostname = '', port] = HOST_AND_PORT.exec(url)!;
  return { url, hostname, port: Number(port), username, credential };
}

describe.each(['native', 'node-turn'] as const)('through %s', (engine) => {
  it('libdatachannel sends and hears every message', async () => {
    service = await startService({ engine });
    const { hostname, port, username, credential } = await relayOf(service);
    const create = (name: string) => {
      const connection = new nodeDataChannel.PeerConnection(name, {
        iceServers: [{ hostname, port, username, password: credential, relayType: 'TurnUdp' }],
        iceTransportPolicy: 'relay',
      });
      closing.push(() => connection.close());
      return connection;
    };
    const [one, two] = [create('one'), create('two')];
    const candidates: string[] = [];
    for (const [from, to] of [
      [one, two],
      [two, one],
    ] as const) {
      from.onLocalDescription((sdp, type) => to.setRemoteDescription(sdp, type));
      from.onLocalCandidate((candidate, mid) => {
        candidates.push(candidate);
        to.addRemoteCandidate(candidate, mid);
      });
    }
    const heard: (string | Buffer | ArrayBuffer)[] = [];
    const done = new Promise<void>((resolve) => {
      two.onDataChannel((channel) =>
        channel.onMessage((text) => channel.sendMessage(`${text as string} back`)),
      );
      const channel = one.createDataChannel('test');
      channel.onOpen(() => {
        for (let i = 0; i < MESSAGES; i++) channel.sendMessage(String(i));
      });
      channel.onMessage((message) => {
        if (heard.push(message) === MESSAGES) resolve();
      });
    });
    await done;
    expect(heard).toEqual(Array.from({ length: MESSAGES }, (_, i) => `${i} back`));
    expect(candidates.filter((candidate) => !candidate.includes('typ relay'))).toEqual([]);
    expect(service.stun.engine.stats().allocations).toBe(2);
  }, 20_000);

  it('werift sends and hears every message', async () => {
    service = await startService({ engine });
    const given = JSON.stringify({ ...(await relayOf(service)), messages: MESSAGES });
    const { stdout } = await run(process.execPath, [WERIFT_PAIR, given], { timeout: 15_000 });
    expect(JSON.parse(stdout)).toEqual(Array.from({ length: MESSAGES }, (_, i) => `${i} back`));
    expect(service.stun.engine.stats().allocationsTotal).toBe(2);
  }, 20_000);
});
