// One peer of the lab: it stays connected to the room's relay, and sends the other peer a message every half second over a connection of its own.
import { OfferExchange, type OfferReceived, type Roster } from '@relay-swarm/client';
import type { RosterRelay } from '@relay-swarm/protocol/roster';

export interface LabPeerState {
  readonly relay: RosterRelay | undefined;
  readonly connection: string;
  readonly said: number;
  readonly heard: number;
  /** Between two messages of the other one. */
  readonly longestMs: number;
}

const WORD_MS = 500;

export class LabPeer {
  readonly name: string;
  readonly roster: Roster;
  readonly exchange: OfferExchange;
  readonly #connections = new Set<RTCPeerConnection>();
  readonly #channels = new Set<RTCDataChannel>();
  readonly #timer: ReturnType<typeof setInterval>;
  #said = 0;
  #heard = 0;
  #heardAtMs: number | undefined;
  #longestMs = 0;
  #isAnswering = false;

  private constructor(name: string, roster: Roster, exchange: OfferExchange) {
    this.name = name;
    this.roster = roster;
    this.exchange = exchange;
    exchange.on('offer', (received) => {
      if (this.#isAnswering) void this.#accept(received);
    });
    this.#timer = setInterval(() => {
      for (const channel of this.#channels)
        if (channel.readyState === 'open') channel.send(String(++this.#said));
    }, WORD_MS);
  }

  static async enter(name: string, roster: Roster, room: string): Promise<LabPeer> {
    return new LabPeer(name, roster, await OfferExchange.enter(roster, room, { k: 1 }));
  }

  get state(): LabPeerState {
    const isOpen = [...this.#channels].some(({ readyState }) => readyState === 'open');
    return {
      relay: this.exchange.choice.relays[0],
      connection: isOpen ? 'open' : 'none yet',
      said: this.#said,
      heard: this.#heard,
      longestMs: this.#longestMs,
    };
  }

  /** From now on offers are taken. */
  answer(): void {
    this.#isAnswering = true;
  }

  /** Offers a connection to the room; resolves when it is open. */
  async call(): Promise<void> {
    const connection = this.#connect();
    const channel = connection.createDataChannel('lab');
    const opened = new Promise<void>((resolve) =>
      channel.addEventListener('open', () => resolve(), { once: true }),
    );
    this.#listen(channel);
    await connection.setLocalDescription();
    const { answer } = await this.exchange.offer(await gathered(connection));
    await connection.setRemoteDescription(answer);
    await opened;
  }

  close(): void {
    clearInterval(this.#timer);
    this.exchange.close();
    for (const connection of this.#connections) connection.close();
  }

  async #accept({ offer, answer }: OfferReceived): Promise<void> {
    const connection = this.#connect();
    connection.ondatachannel = ({ channel }) => this.#listen(channel);
    await connection.setRemoteDescription(offer);
    await connection.setLocalDescription();
    answer(await gathered(connection));
  }

  #connect(): RTCPeerConnection {
    const connection = new RTCPeerConnection(); // both ends are in this browser: no server is needed
    this.#connections.add(connection); // held: Firefox closes those that nobody holds
    return connection;
  }

  #listen(channel: RTCDataChannel): void {
    this.#channels.add(channel);
    channel.addEventListener('close', () => this.#channels.delete(channel));
    channel.addEventListener('message', () => {
      const nowMs = performance.now();
      if (this.#heardAtMs !== undefined) this.#longestMs = Math.max(this.#longestMs, nowMs - this.#heardAtMs);
      this.#heardAtMs = nowMs;
      this.#heard += 1;
    });
  }
}

/** With all its candidates in it: one message each way is enough. */
async function gathered(connection: RTCPeerConnection): Promise<RTCSessionDescriptionInit> {
  while (connection.iceGatheringState !== 'complete')
    await new Promise((resolve) =>
      connection.addEventListener('icegatheringstatechange', resolve, { once: true }),
    );
  const { type, sdp } = connection.localDescription!;
  return { type, sdp };
}
