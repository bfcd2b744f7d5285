// Real bittorrent-tracker clients, many in one process: each with a socket of its own, in swarms that it shares with clients of other processes.
// Only what is behind the tracker is left out: an offer or answer is a text, not a session. Told what to do by its parent, and asked for counts.
import { Client } from 'bittorrent-tracker';
import { randomBytes } from 'node:crypto';

export interface CrowdOrder {
  /** Clients that shall be there, at this tracker. */
  readonly open?: { readonly url: string; readonly clients: number; readonly infoHashes: readonly string[] };
  /** Offers sent in each second, one announce for each. */
  readonly offersPerSecond?: number;
  readonly ask?: number;
}

export interface CrowdCounts {
  readonly ask: number;
  /** Clients whose sockets are open, by info hash. */
  readonly connected: Readonly<Record<string, number>>;
  readonly sent: number;
  /** Offers whose answer has come back. */
  readonly answered: number;
  /** Offers that clients have got, and those of them that they had got before. */
  readonly received: number;
  readonly repeated: number;
  /** How often each client that has lost a connection has lost one: 1 → 20 clients. */
  readonly losses: Readonly<Record<number, number>>;
}

/** As much of a peer connection as the client needs. */
class Offered {
  trackerTimeout: unknown = null;
  #signalled: ((answer: unknown) => void) | undefined = undefined;
  readonly #hears: () => void;

  constructor(hears: () => void) {
    this.#hears = hears;
  }

  once(_event: 'signal', signalled: (answer: unknown) => void): void {
    this.#signalled = signalled;
  }

  signal({ type }: { type: string }): void {
    this.#hears();
    if (type === 'offer') this.#signalled?.({ type: 'answer', sdp: 'v=0 answer' });
  }

  destroy(): void {
    // nothing is open
  }
}

/** What this program touches inside the client. */
interface SocketTracker {
  readonly peers: Record<string, Offered>;
  readonly socket: { readonly connected: boolean } | null;
  reconnecting: boolean;
  _generateOffers(count: number, done: (offers: readonly object[]) => void): void;
  _createPeer(): Offered;
  _onAnnounceResponse(data: Readonly<Record<string, unknown>>): void;
  _onSocketClose(): void;
  _startReconnectTimer(): void;
  _openSocket(): void;
}

interface Member {
  readonly client: Client;
  readonly tracker: SocketTracker;
  readonly infoHash: string;
  losses: number;
}

const members: Member[] = [];
let sent = 0;
let answered = 0;
let offering: NodeJS.Timeout | undefined;
let next = 0;
let received = 0;
let repeated = 0;
const offersGot = new Set<string>();

function open({ url, clients, infoHashes }: NonNullable<CrowdOrder['open']>): void {
  for (let index = 0; index < clients; index++) {
    const infoHash = infoHashes[index % infoHashes.length]!;
    const name = randomBytes(4).toString('hex');
    const client = new Client({
      infoHash,
      peerId: randomBytes(20).toString('hex'),
      port: 6881, // which nobody connects to
      announce: [`${url}/?client=${name}`], // clients of one URL would share a socket
    });
    client.on('error', () => undefined);
    client.on('warning', () => undefined); // it connects again by itself
    const [tracker] = (client as unknown as { _trackers: SocketTracker[] })._trackers as [SocketTracker];
    tracker._generateOffers = (count, done) => {
      const offers = Array.from({ length: count }, () => {
        const id = randomBytes(20);
        tracker.peers[id.toString('hex')] = new Offered(() => answered++);
        return { offer: { type: 'offer', sdp: 'v=0 offer' }, offer_id: id.toString('latin1') };
      });
      sent += count;
      done(offers);
    };
    tracker._createPeer = () => new Offered(() => undefined);
    // When it connects again it asks for nobody, so that the offers are those of the drill.
    const defaults = client as unknown as { _defaultAnnounceOpts(given?: object): object };
    const own = defaults._defaultAnnounceOpts.bind(client);
    defaults._defaultAnnounceOpts = (given = {}) => own({ numwant: 0, ...given });
    const onResponse = tracker._onAnnounceResponse.bind(tracker);
    tracker._onAnnounceResponse = (data) => {
      if ('offer' in data) {
        const id = String(data['offer_id']);
        received++;
        if (offersGot.has(id)) repeated++;
        offersGot.add(id);
      }
      onResponse(data);
    };
    const member: Member = { client, tracker, infoHash, losses: 0 };
    const onClose = tracker._onSocketClose.bind(tracker);
    tracker._onSocketClose = () => {
      if (!client.destroyed) member.losses++;
      onClose();
    };
    // The library waits up to five minutes, which no drill can.
    tracker._startReconnectTimer = () => {
      tracker.reconnecting = true;
      setTimeout(() => tracker._openSocket(), 100 + Math.random() * 400);
    };
    // Spread out: all at once would be another test.
    setTimeout(() => client.start({ numwant: 0, left: 1 }), index * 5);
    members.push(member);
  }
}

const isConnected = ({ tracker }: Member): boolean =>
  !tracker.reconnecting && tracker.socket?.connected === true;

function offer(): void {
  for (let tries = 0; tries < members.length; tries++) {
    const member = members[next++ % members.length]!;
    if (!isConnected(member)) continue;
    member.client.update({ numwant: 1, left: 1 });
    return;
  }
}

function connected(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const member of members)
    if (isConnected(member)) counts[member.infoHash] = (counts[member.infoHash] ?? 0) + 1;
  return counts;
}

function losses(): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { losses: each } of members) if (each > 0) counts[each] = (counts[each] ?? 0) + 1;
  return counts;
}

process.on('message', (order: CrowdOrder) => {
  if (order.open !== undefined) open(order.open);
  if (order.offersPerSecond !== undefined) {
    clearInterval(offering);
    if (order.offersPerSecond > 0) offering = setInterval(offer, 1000 / order.offersPerSecond);
  }
  if (order.ask !== undefined)
    process.send!({
      ask: order.ask,
      connected: connected(),
      sent,
      answered,
      received,
      repeated,
      losses: losses(),
    } satisfies CrowdCounts);
});
process.on('disconnect', () => process.exit());
