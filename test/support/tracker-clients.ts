// bittorrent-tracker's own clients at the deployed bundle: each with a socket of its own, two in each swarm, and with WebRTC of their own
// that asks nobody outside. They check the certificate.
import { Client } from 'bittorrent-tracker';
import { randomBytes } from 'node:crypto';
import { once, type EventEmitter } from 'node:events';
import { Agent } from 'node:https';

type Peer = EventEmitter & { destroy(): void };

export class TrackerClients {
  readonly #clients: Client[];
  readonly #agent: Agent;
  /** How many sockets have closed. */
  closed = 0;

  private constructor(clients: Client[], agent: Agent) {
    this.#clients = clients;
    this.#agent = agent;
  }

  /** Opens them all, and has each announce itself once. `ca`: the authorities they trust (PEM). */
  static async open(
    count: number,
    host: string,
    port: number,
    ca: readonly string[],
  ): Promise<TrackerClients> {
    const agent = new Agent({
      ca: [...ca],
      lookup: (_host, _options, found) => {
        found(null, [{ address: '127.0.0.1', family: 4 }]);
      },
    });
    const clients: Client[] = [];
    for (let i = 0; i < count; i += 2) {
      const infoHash = randomBytes(20).toString('hex');
      for (const one of [i, i + 1]) {
        const options = { infoHash, peerId: randomBytes(20).toString('hex'), port: 6881 };
        // Clients with the same URL would share a socket.
        const announce = `wss://${host}:${port}/announce?${one}`;
        const all = { ...options, announce, proxyOpts: { httpsAgent: agent }, rtcConfig: { iceServers: [] } };
        clients.push(new Client(all));
      }
    }
    const opened = new TrackerClients(clients, agent);
    await Promise.all(clients.map((client) => answered(client, () => client.start({ left: 1, numwant: 0 }))));
    for (const client of clients) client._trackers[0]!.socket!.on('close', () => (opened.closed += 1));
    return opened;
  }

  /** Has each announce itself again, on the socket that it has. */
  async announce(): Promise<void> {
    await Promise.all(
      this.#clients.map((client) => answered(client, () => client.update({ left: 1, numwant: 0 }))),
    );
  }

  /** In the first of the swarms one sends an offer, and the other answers it. */
  async exchangeOffers(swarms: number): Promise<void> {
    await Promise.all(Array.from({ length: swarms }, (_, i) => this.#exchangeOffer(2 * i)));
  }

  async #exchangeOffer(at: number): Promise<void> {
    const [one, other] = [this.#clients[at]!, this.#clients[at + 1]!];
    const met = Promise.all([once(one, 'peer'), once(other, 'peer')]);
    one.update({ left: 1, numwant: 1 });
    for (const [peer] of (await met) as unknown as [Peer][]) {
      peer.on('error', () => undefined); // that it is destroyed before it was connected
      peer.destroy();
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#clients.map((client) => new Promise<void>((resolve) => client.destroy(() => resolve()))),
    );
    this.#agent.destroy();
  }
}

/** Resolves when the tracker has answered; rejects with the client's warning, such as a certificate that it does not trust. */
function answered(client: Client, act: () => void): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.once('update', resolve).once('warning', reject);
    act();
  });
}
