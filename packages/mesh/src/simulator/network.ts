// A network in virtual time: members with a place on the map and an uplink, links with latency and loss, and nothing real.
// Each frame waits for its sender's uplink, travels, and arrives behind those that its link carried before.
import { Engine } from '../engine/engine.ts';
import type { EngineAction, EngineEvent } from '../engine/events.ts';
import type { EngineOptions } from '../engine/options.ts';
import { Timers } from '../engine/timers.ts';
import type { View } from '../engine/view.ts';
import { exponential, type Dice } from './dice.ts';

export interface NetworkModel {
  /** Of each link, one way, before distance and jitter. */
  readonly baseMs: number;
  /** Across the map, one way. */
  readonly mapMs: number;
  readonly jitterMs: number;
  /** Of frames; each is sent again after a time-out, as data channels do. */
  readonly loss: number;
  readonly uplinkBitsPerSecond: number;
}

export const plainModel: NetworkModel = {
  baseMs: 8,
  mapMs: 50,
  jitterMs: 10,
  loss: 0,
  uplinkBitsPerSecond: 5_000_000,
};

export interface Member {
  readonly id: string;
  readonly engine: Engine;
  readonly x: number;
  readonly y: number;
  isAlive: boolean;
  uplinkFreeAtMs: number;
  wakeAtMs: number;
  sentBytes: number;
  sentFrames: number;
}

/** What happens beside the links: how members find each other, who listens. */
export interface Surroundings {
  readonly act: (member: Member, action: EngineAction) => void;
}

/** DTLS, SCTP, UDP and IP around each packet of 1,200 bytes. */
const OVERHEAD_BYTES = 60;
const MTU_BYTES = 1_200;

export class Network {
  readonly members = new Map<string, Member>();
  readonly model: NetworkModel;
  readonly dice: Dice;
  readonly timers = new Timers();
  readonly #arrivals = new Map<string, number>();
  /** Groups that cannot reach each other; undefined: everybody can. */
  groupOf: ((id: string) => unknown) | undefined;
  surroundings: Surroundings = { act: () => undefined };
  nowMs = 0;
  cpuMs = 0;

  constructor(model: NetworkModel, dice: Dice) {
    this.model = model;
    this.dice = dice;
  }

  add(id: string, room: string, options: Partial<EngineOptions>, view?: View): Member {
    const epoch = 1 + Math.floor(this.nowMs / 1_000);
    const world = view === undefined ? { random: this.dice } : { random: this.dice, view };
    const member: Member = {
      id,
      engine: new Engine({ id, room, epoch }, options, world),
      x: this.dice(),
      y: this.dice(),
      isAlive: true,
      uplinkFreeAtMs: 0,
      wakeAtMs: Number.POSITIVE_INFINITY,
      sentBytes: 0,
      sentFrames: 0,
    };
    this.members.set(id, member);
    return member;
  }

  /** One way, without jitter. */
  latencyMs(a: Member, b: Member): number {
    return this.model.baseMs + this.model.mapMs * Math.hypot(a.x - b.x, a.y - b.y);
  }

  isCut(a: string, b: string): boolean {
    return this.groupOf !== undefined && this.groupOf(a) !== this.groupOf(b);
  }

  tell(member: Member, event: EngineEvent): void {
    if (!member.isAlive) return;
    for (const action of member.engine.handle(event, this.nowMs)) this.#act(member, action);
    this.#wakeLater(member);
  }

  after(delayMs: number, run: () => void): void {
    this.timers.at(this.nowMs + delayMs, run);
  }

  /** Lets time pass. */
  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    while (this.timers.nextMs <= untilMs) {
      this.nowMs = this.timers.nextMs;
      this.timers.runDue(this.nowMs);
    }
    this.nowMs = untilMs;
  }

  #act(member: Member, action: EngineAction): void {
    if (action.type === 'transmit') this.#transmit(member, action.peer, action.bytes);
    else if (action.type === 'sign') {
      this.tell(member, {
        type: 'signed',
        token: action.token,
        signature: signature(action.bytes, member.id),
      });
    } else if (action.type === 'verify') {
      const expected = signature(action.bytes, action.source);
      const isGood = action.signature.every((byte, i) => byte === expected[i]);
      this.tell(member, { type: 'verified', token: action.token, isGood });
    } else this.surroundings.act(member, action);
  }

  #transmit(from: Member, peer: string, bytes: Uint8Array): void {
    const to = this.members.get(peer);
    if (!to) return;
    const { model, dice } = this;
    const wireBytes = bytes.length + OVERHEAD_BYTES * Math.ceil(bytes.length / MTU_BYTES);
    const sentAtMs =
      Math.max(this.nowMs, from.uplinkFreeAtMs) + (8_000 * wireBytes) / model.uplinkBitsPerSecond;
    from.uplinkFreeAtMs = sentAtMs;
    from.sentBytes += bytes.length;
    from.sentFrames++;
    const latencyMs = this.latencyMs(from, to);
    let atMs = sentAtMs + latencyMs + exponential(model.jitterMs, dice);
    while (dice() < model.loss) atMs += 2 * latencyMs + 30;
    const link = `${from.id}>${peer}`;
    atMs = Math.max(atMs, this.#arrivals.get(link) ?? 0); // data channels are ordered
    this.#arrivals.set(link, atMs);
    this.timers.at(sentAtMs, () => this.tell(from, { type: 'drained', peer }));
    this.timers.at(atMs, () => {
      if (!this.isCut(from.id, peer)) this.tell(to, { type: 'frame', peer: from.id, bytes });
    });
  }

  #wakeLater(member: Member): void {
    const atMs = member.engine.wakeAtMs;
    if (atMs >= member.wakeAtMs || atMs === Number.POSITIVE_INFINITY) return;
    member.wakeAtMs = atMs;
    this.timers.at(Math.max(atMs, this.nowMs), () => {
      if (member.wakeAtMs !== atMs) return; // an earlier one has been set since
      member.wakeAtMs = Number.POSITIVE_INFINITY;
      this.tell(member, { type: 'wake' });
    });
  }
}

/** Under Jest every look at a global takes as long as ten multiplications. */
const { imul } = Math;

/** Stands for Ed25519: different for every source and every byte, and cheap. */
function signature(bytes: Uint8Array, id: string): Uint8Array {
  let hash = Number.parseInt(id.slice(0, 8), 16) | 0;
  for (let i = 0; i < bytes.length; i++) hash = imul(hash ^ bytes[i]!, 0x01000193);
  const signed = new Uint8Array(64);
  new DataView(signed.buffer).setInt32(0, hash);
  return signed;
}
