// A network that falls in two: members on two machines that reach the server and no longer each other.
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { compileProgram } from '../../../../test/support/compile.ts';
import { describeWithNamespaces, SwitchedNetwork } from '../support/namespace.ts';

const PORT = 9_000;
const EACH = 3;
const ALL = 2 * EACH;
const SOON_MS = 90_000;

interface State {
  readonly members: readonly number[];
  readonly parts: readonly number[];
  readonly fallbackBytes: number;
}

class Side {
  readonly process: ChildProcess;
  readonly heard: string[] = [];
  state: State | undefined;

  constructor(process: ChildProcess) {
    this.process = process;
    createInterface(process.stdout!).on('line', (line) => {
      const told = JSON.parse(line) as Partial<State> & { heard?: string; by?: string };
      if (told.heard === undefined) this.state = told as State;
      else this.heard.push(`${told.by} ${told.heard.slice(0, 80)}`);
    });
  }

  say(text: string): void {
    this.process.stdin!.write(`${text}\n`);
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!isSo()) {
    if (performance.now() - startMs > SOON_MS) throw new Error(`Waited ${SOON_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describeWithNamespaces('a network that falls in two', () => {
  let network: SwitchedNetwork;
  let folder: string;
  const programs: string[] = [];
  const processes: ChildProcess[] = [];
  let sides: Side[] = [];

  const heard = (text: string): string[] =>
    sides.flatMap((side) => side.heard.filter((one) => one.includes(` ${text} `)));
  const isEverySide = (isSo: (state: State) => boolean): boolean =>
    sides.every(({ state }) => state !== undefined && isSo(state));
  const isWhole = (): boolean =>
    isEverySide(({ members, parts }) => members.every((n) => n === ALL) && parts.every((n) => n === 1));
  /** Everybody says it, and everybody else hears it, once. */
  const sayToAll = async (text: string): Promise<void> => {
    for (const side of sides) side.say(text);
    await until(`"${text}" to be heard by all`, () => heard(text).length >= ALL * (ALL - 1));
    expect(heard(text)).toHaveLength(ALL * (ALL - 1));
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mesh-partition-'));
    programs.push(await compileProgram('peerjs/src/main.ts'));
    programs.push(await compileProgram('packages/mesh/test/support/members.ts'));
    network = await SwitchedNetwork.create(2);
    processes.push(
      network.server.node(programs[0]!, [], {
        DATA_DIR: folder,
        PEERJS_PORT: String(PORT),
        PEERJS_HOST: '0.0.0.0',
      }),
    );
    for (const machine of network.machines) {
      const args = [`ws://10.78.0.1:${PORT}/mesh`, 'split', String(EACH)];
      processes.push(machine.node(programs[1]!, args));
    }
    sides = processes.slice(1).map((process) => new Side(process));
  }, 120_000);

  afterAll(async () => {
    for (const process of processes) process.kill('SIGKILL');
    network.end();
    await Promise.all(
      [folder, ...programs.map((program) => dirname(program))].map((path) => rm(path, { recursive: true })),
    );
  });

  it('is one room before', async () => {
    await until('one mesh', isWhole);
    await sayToAll('before');
    expect(isEverySide(({ fallbackBytes }) => fallbackBytes === 0)).toBe(true);
  }, 120_000);

  it('goes on through the server while it lasts', async () => {
    network.keepApart(true);
    for (const side of sides) side.say('unnoticed'); // nobody knows yet: only their own side hears it now
    await until('two parts', () => isEverySide(({ parts }) => parts.every((n) => n === 2)));
    await sayToAll('meanwhile');
    await until('bytes through the server', () => isEverySide(({ fallbackBytes }) => fallbackBytes > 0));
  }, 120_000);

  it('is one mesh again after it', async () => {
    network.keepApart(false);
    await until('one mesh', isWhole);
    await sayToAll('after');
    // New neighbours tell each other what was said while they had no link
    await until('what was said at the moment of the cut', () => heard('unnoticed').length >= ALL * (ALL - 1));
    expect(heard('unnoticed')).toHaveLength(ALL * (ALL - 1));
  }, 120_000);
});
