// A real nats-server of its own for a test: it can be frozen, killed and started again on its port.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

export class NatsServer {
  static readonly token = 'c0ffee'.repeat(6);
  readonly #port: number;
  #process: ChildProcess | undefined = undefined;

  readonly #host: string;

  private constructor(port: number, host: string) {
    this.#port = port;
    this.#host = host;
  }

  /** `host`: 0.0.0.0 where other machines of a test use it too. */
  static async start(host = '127.0.0.1'): Promise<NatsServer> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const server = new NatsServer(port, host);
    await server.run();
    return server;
  }

  get url(): string {
    return this.urlAt('127.0.0.1');
  }

  urlAt(host: string): string {
    return `nats://${host}:${this.#port}`;
  }

  async run(): Promise<void> {
    const args = ['--addr', this.#host, '--port', String(this.#port), '--auth', NatsServer.token];
    this.#process = spawn('nats-server', args, { stdio: 'ignore' });
    for (let tries = 0; !(await this.#answers()); tries++) {
      if (tries > 200) throw new Error('Cannot start nats-server: it does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1');
      const end = (isUp: boolean): void => {
        socket.destroy();
        resolve(isUp);
      };
      socket.once('data', () => end(true)); // its INFO line
      socket.once('error', () => end(false));
    });
  }
}
