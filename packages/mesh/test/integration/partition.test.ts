// A network that falls in two: members in Chromium and in Node on two machines, which reach the server and no longer each other.
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumPath, describeWithChromium } from '../../../../test/support/chromium.ts';
import { programOf } from '../../../../test/support/compile.ts';
import { chromiumMembers, nodeMembers, type Members } from '../support/machines.ts';
import { memberPage } from '../support/member-page.ts';
import type { MemberState } from '../support/member-program.ts';
import { describeWithNamespaces, SwitchedNetwork } from '../support/namespace.ts';

const PORT = 9_000;
const SIGNALING = `ws://10.78.0.1:${PORT}/mesh`;
const EACH = 2;
const ALL = 2 * 2 * EACH;
const SOON_MS = 90_000;

const describeWithBoth = describeWithChromium === describe ? describeWithNamespaces : describeWithChromium;

describeWithBoth('a network that falls in two', () => {
  let network: SwitchedNetwork;
  let server: ChildProcess;
  let folder: string;
  const programs: string[] = [];
  /** Of each machine: its Chromium and its Node. */
  const all: Members[] = [];

  const states = async (): Promise<readonly MemberState[]> =>
    (await Promise.all(all.map((members) => members.call<MemberState[]>('state')))).flat();
  const fallbackBytes = async (): Promise<readonly number[]> =>
    (await states()).map((state) => state.fallbackBytes);
  /** How many heard it, and how many of them twice. */
  const heard = async (text: string): Promise<readonly [number, number]> => {
    const counts = await Promise.all(all.map((members) => members.call<[number, number]>('count', text)));
    return [counts.reduce((sum, [n]) => sum + n, 0), counts.reduce((sum, [, n]) => sum + n, 0)];
  };
  const say = (text: string): Promise<unknown> =>
    Promise.all(all.map((members) => members.call('broadcast', text)));
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    const startMs = performance.now();
    while (!(await isSo())) {
      if (performance.now() - startMs > SOON_MS) {
        const found = (await states()).map(({ id, ...state }) => ({ id: id.slice(0, 4), ...state }));
        throw new Error(`Waited ${SOON_MS} ms for ${what}; found ${JSON.stringify(found)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const untilHeard = async (text: string): Promise<void> => {
    const everything = ALL * (ALL - 1);
    await until(`"${text}" to be heard by all`, async () => (await heard(text))[0] >= everything);
    expect(await heard(text)).toEqual([everything, 0]);
  };
  const isWhole = async (): Promise<boolean> =>
    (await states()).every(({ members, parts }) => members === ALL && parts === 1);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mesh-partition-'));
    programs.push(await programOf('peerjs/src/main.ts'));
    programs.push(await programOf('packages/mesh/test/support/members.ts'));
    const page = await memberPage();
    network = await SwitchedNetwork.create(2);
    server = network.server.node(programs[0]!, [], {
      DATA_DIR: folder,
      PEERJS_PORT: String(PORT),
      PEERJS_HOST: '0.0.0.0',
    });
    for (const machine of network.machines) {
      all.push(nodeMembers(machine, programs[1]!), await chromiumMembers(machine, chromiumPath!, page));
    }
  }, 120_000);

  afterAll(async () => {
    await Promise.all(all.map((members) => members.end()));
    server.kill('SIGKILL');
    await network.end();
    await rm(folder, { recursive: true });
  });

  it('is one room before, and nothing goes through the server', async () => {
    await Promise.all(all.map((members) => members.call('enter', EACH, 'split', { signaling: SIGNALING })));
    await until('one mesh', isWhole);
    await say('before');
    await untilHeard('before');
    expect(new Set(await fallbackBytes())).toEqual(new Set([0]));
  }, 120_000);

  it('goes on through the server while it lasts', async () => {
    network.keepApart(true);
    await say('unnoticed'); // nobody knows yet: only their own side hears it now
    await until('two parts', async () => (await states()).every(({ parts }) => parts === 2));
    await say('meanwhile');
    await untilHeard('meanwhile');
    expect((await fallbackBytes()).every((bytes) => bytes > 0)).toBe(true);
  }, 120_000);

  it('is one mesh again after it, without the server', async () => {
    network.keepApart(false);
    await until('one mesh', isWhole);
    const before = await fallbackBytes();
    await say('after');
    await untilHeard('after');
    expect(await fallbackBytes()).toEqual(before);
    // New neighbours tell each other what was said while they had no link
    await untilHeard('unnoticed');
  }, 120_000);
});
