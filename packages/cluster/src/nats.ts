// The carrier over a nats-server: core NATS only, nothing is stored. The only importer of @nats-io/transport-node.
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Carrier } from './carrier.ts';

export interface NatsOptions {
  /** nats:// or tls:// URLs; where there are several, the client goes on with another one. */
  readonly servers: readonly string[];
  readonly token: string;
  /** Called at each change, and with why it is away. */
  readonly changed: (isUp: boolean, detail: string) => void;
}

/** Between two tries; the first one comes at once. */
const RECONNECT_MS = 250;
const CONNECT_MS_MAX = 5_000;
/** A server that hangs is left after two of these without an answer. */
const PING_MS = 2_000;

export class NatsCarrier implements Carrier {
  readonly #connection: NatsConnection;
  #isUp = true;

  private constructor(connection: NatsConnection, changed: NatsOptions['changed']) {
    this.#connection = connection;
    void this.#watch(changed);
  }

  /** Waits until a server is there, as long as it takes. */
  static async connect({ servers, token, changed }: NatsOptions): Promise<NatsCarrier> {
    const connection = await connect({
      servers: [...servers],
      ...(token === '' ? {} : { token }),
      name: 'relay-swarm',
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      timeout: CONNECT_MS_MAX,
      pingInterval: PING_MS,
      maxPingOut: 2,
      ignoreAuthErrorAbort: true, // the server may be restarted with the right token
      noEcho: true,
    });
    return new NatsCarrier(connection, changed);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  publish(subject: string, bytes: Uint8Array): void {
    // While it reconnects the library would queue everything without a limit, and late news is worse than none.
    if (this.#isUp && !this.#connection.isClosed()) this.#connection.publish(subject, bytes);
  }

  subscribe(subject: string, receive: (bytes: Uint8Array) => void): void {
    this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) receive(message.data);
      },
    });
  }

  flush(): Promise<void> {
    return this.#connection.flush();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #watch(changed: NatsOptions['changed']): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection')
        this.#change(false, changed, status.type);
      else if (status.type === 'reconnect') this.#change(true, changed, status.server);
    }
  }

  #change(isUp: boolean, changed: NatsOptions['changed'], detail: string): void {
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    changed(isUp, detail);
  }
}
