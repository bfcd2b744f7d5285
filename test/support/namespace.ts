// Network namespaces for tests: machines of their own, joined by a switch that can keep two of them apart. They end with the processes that hold
// them, so nothing is left of them whatever happens.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from './tools.ts';

const ip = findTool('ip', '/usr/sbin/ip');
const bridge = findTool('bridge', '/usr/sbin/bridge');

/** Root may make namespaces; others may not join them to each other. For `requireFound()`. */
export function canMakeNamespaces(): string | undefined {
  try {
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
    return 'unshare';
  } catch {
    return undefined;
  }
}

export class Namespace {
  readonly #holder: ChildProcess;
  #folder: string | undefined;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async create(): Promise<Namespace> {
    const holder = spawn('unshare', ['--net', 'sleep', '600'], { stdio: 'ignore' });
    const isOwn = (): boolean => {
      try {
        return readlinkSync(`/proc/${holder.pid}/ns/net`) !== readlinkSync('/proc/self/ns/net');
      } catch {
        return false; // not started yet
      }
    };
    while (!isOwn()) await new Promise((resolve) => setTimeout(resolve, 20));
    const namespace = new Namespace(holder);
    namespace.ip('link set lo up');
    return namespace;
  }

  get pid(): number {
    return this.#holder.pid!;
  }

  ip(words: string): void {
    this.#run(ip!, words);
  }

  bridge(words: string): void {
    this.#run(bridge!, words);
  }

  /** A program of Node in here. */
  node(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn('nsenter', [`--target=${this.pid}`, '--net', process.execPath, file, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
  }

  /** A program that starts this one in here, for whoever starts programs by their names only. */
  async wrapped(program: string): Promise<string> {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'namespace-'));
    const file = join(this.#folder, 'start.sh');
    await writeFile(file, `#!/bin/sh\nexec nsenter --target=${this.pid} --net '${program}' "$@"\n`, {
      mode: 0o755,
    });
    return file;
  }

  async end(): Promise<void> {
    this.#holder.kill('SIGKILL');
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
  }

  #run(tool: string, words: string): void {
    execFileSync('nsenter', [`--target=${this.pid}`, '--net', tool, ...words.split(' ')], { stdio: 'pipe' });
  }
}

/**
 * A machine with a wire of its own to this one for each purpose, which can be cut: nothing passes then, and nobody is told. Here 10.79.N.1,
 * there 10.79.N.2.
 */
export class WiredMachine {
  static #wires = 0;
  readonly namespace: Namespace;

  private constructor(namespace: Namespace) {
    this.namespace = namespace;
  }

  static async create(): Promise<WiredMachine> {
    return new WiredMachine(await Namespace.create());
  }

  wire(name: string): { readonly here: string; readonly there: string } {
    const net = `10.79.${++WiredMachine.#wires}`;
    const [here, there] = [`${net}.1`, `${net}.2`];
    const device = `rst${this.namespace.pid}${name}`.slice(0, 15);
    const run = (words: string): Buffer => execFileSync(ip!, words.split(' '), { stdio: 'pipe' });
    run(`link add ${device} type veth peer name ${name} netns ${this.namespace.pid}`);
    run(`address add ${here}/24 dev ${device}`);
    run(`link set ${device} up`);
    this.namespace.ip(`address add ${there}/24 dev ${name}`);
    this.namespace.ip(`link set ${name} up`);
    return { here, there };
  }

  cut(name: string, isCut: boolean): void {
    this.namespace.ip(`link set ${name} ${isCut ? 'down' : 'up'}`);
  }

  end(): Promise<void> {
    return this.namespace.end();
  }
}

/** Machines 10.78.0.2, 10.78.0.3, … on a switch in a namespace of its own, which is 10.78.0.1. */
export class SwitchedNetwork {
  readonly server: Namespace;
  readonly machines: readonly Namespace[];

  private constructor(server: Namespace, machines: readonly Namespace[]) {
    this.server = server;
    this.machines = machines;
  }

  static async create(count: number): Promise<SwitchedNetwork> {
    const server = await Namespace.create();
    server.ip('link add switch type bridge');
    server.ip('address add 10.78.0.1/24 dev switch');
    server.ip('link set switch up');
    const machines: Namespace[] = [];
    for (let i = 0; i < count; i++) {
      const machine = await Namespace.create();
      server.ip(`link add port${i} type veth peer name net netns ${machine.pid}`);
      server.ip(`link set port${i} master switch up`);
      machine.ip(`address add 10.78.0.${2 + i}/24 dev net`);
      machine.ip('link set net up');
      machine.ip('route add default via 10.78.0.1'); // a browser's own address is the one that its way out has; without a way it names none
      machines.push(machine);
    }
    return new SwitchedNetwork(server, machines);
  }

  /** Machines reach the server, and each other only where they are not kept apart. */
  keepApart(isApart: boolean): void {
    this.machines.forEach((_, i) => {
      this.server.bridge(`link set dev port${i} isolated ${isApart ? 'on' : 'off'}`);
    });
  }

  async end(): Promise<void> {
    await Promise.all([...this.machines, this.server].map((namespace) => namespace.end()));
  }
}
