// Links that keep what was sent to them, for tests of the pure rules.
import { ByteBudget, type Bucket } from '@relay-swarm/net';
import { FrameMemory } from '../../src/frames/frame-memory.ts';
import type { Link, Peer, Priority } from '../../src/swarm/peer.ts';
import type { SwarmLimits, SwarmStore } from '../../src/swarm/swarm-store.ts';
import { SwarmTable } from '../../src/swarm/swarm-table.ts';
import { WebTorrent, type WebTorrentOptions } from '../../src/frontends/webtorrent/webtorrent.ts';

/** The payload of one finished text frame. */
export function payloadOf(frame: Buffer): string {
  const short = frame[1]!;
  const start = short < 126 ? 2 : short === 126 ? 4 : 10;
  const length =
    short < 126 ? short : short === 126 ? frame.readUInt16BE(2) : Number(frame.readBigUInt64BE(2));
  if (frame[0] !== 0x81 || frame.length !== start + length) throw new Error('not one whole text frame');
  return frame.toString('utf8', start);
}

export class TestLink implements Link {
  peers: Peer[] = [];
  readonly addressKey: string;
  isCongested = false;
  announceBucket: Bucket | undefined = undefined;
  isOpen = true;
  probedUntilMs = 0;
  probes = 0;
  readonly sent: { message: Record<string, unknown>; priority: Priority }[] = [];

  constructor(addressKey = '192.0.2.1') {
    this.addressKey = addressKey;
  }

  heldBytes = 0;
  heldBytesMax = Infinity;
  hold(bytes: number): boolean {
    if (this.heldBytes + bytes > this.heldBytesMax) return false;
    this.heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.heldBytes -= bytes;
  }

  readonly paid: number[] = [];
  pay(tokens: number): void {
    this.paid.push(tokens);
  }

  probe(): void {
    this.probes++;
    this.probedUntilMs ||= this.probes;
  }

  /** Its connection ends, without having answered a probe that runs. */
  end(swarms: SwarmStore): void {
    this.isOpen = false;
    swarms.removeAllOf(this);
  }

  send(frame: Buffer, priority: Priority): boolean {
    this.sent.push({ message: JSON.parse(payloadOf(frame)), priority });
    return true;
  }

  /** What came since the last call. */
  take(): Record<string, unknown>[] {
    return this.sent.splice(0).map(({ message }) => message);
  }
}

/** A budget in which there is always room. */
export const plenty = (): ByteBudget => new ByteBudget({ bytesMax: 1e12 });

export const id = (name: string): string => name.padEnd(20, '.');

const LIMITS: SwarmLimits = {
  swarmsMax: 1000,
  swarmsPerLinkMax: 100,
  peersMax: 1e6,
  peersPerAddressMax: 1e6,
};

/** A tracker without sockets: `say` hands a message over as a client would. */
export class TestTracker {
  readonly swarms: SwarmTable;
  readonly rules: WebTorrent;
  nowMs = 1000;

  constructor(options: Partial<WebTorrentOptions> = {}, limits: Partial<SwarmLimits> = {}) {
    this.swarms = new SwarmTable({ ...LIMITS, ...limits });
    this.rules = new WebTorrent({
      swarms: this.swarms,
      memory: new FrameMemory(),
      intervalSeconds: () => 120,
      announces: { perSecond: 1, burst: 1_000_000 },
      offersMax: 20,
      randomInt: (limit) => Math.floor(Math.random() * limit),
      refuse: () => undefined,
      relays: () => undefined,
      ...options,
    });
  }

  say(link: TestLink, message: unknown): Record<string, unknown>[] {
    return this.sayText(link, JSON.stringify(message));
  }

  sayText(link: TestLink, text: string): Record<string, unknown>[] {
    this.rules.receive(link, Buffer.from(text), this.nowMs);
    return link.take();
  }

  announce(link: TestLink, peer: string, more: object = {}, torrent = 'torrent'): Record<string, unknown>[] {
    return this.say(link, { action: 'announce', info_hash: id(torrent), peer_id: id(peer), ...more });
  }

  counts(torrent = 'torrent'): [complete: number, incomplete: number] {
    const swarm = this.swarms.find(id(torrent));
    return [swarm?.complete ?? 0, swarm?.incomplete ?? 0];
  }
}

export const offer = (name: string): object => ({
  offer_id: id(name),
  offer: { type: 'offer', sdp: `v=0\r\n${name}` },
});
