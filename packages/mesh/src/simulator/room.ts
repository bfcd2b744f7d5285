// A room that forms itself in virtual time: a server that introduces, members that come, vanish, are cut off and come back.
import type { EngineAction } from '../engine/events.ts';
import type { EngineOptions } from '../engine/options.ts';
import { randomId, type Dice } from './dice.ts';
import { Network, plainModel, type Member, type NetworkModel } from './network.ts';

const SERVER = 'server';
const SERVER_MS = 20;
/** Until the server believes that a member is gone whose socket broke. */
const AWAY_MS = 10_000;

export interface Delivery {
  readonly to: string;
  readonly source: string;
  readonly text: string;
  readonly atMs: number;
}

export class VirtualRoom {
  readonly network: Network;
  readonly deliveries: Delivery[] = [];
  readonly #room: string;
  readonly #options: Partial<EngineOptions>;
  readonly #present = new Set<string>();
  readonly #statuses = new Map<string, { version: number; bytes: Uint8Array }>();
  readonly #unserved = new Set<string>();
  #isServerUp = true;
  fallbackBytes = 0;

  constructor(dice: Dice, options: Partial<EngineOptions> = {}, model: Partial<NetworkModel> = {}) {
    this.network = new Network({ ...plainModel, ...model }, dice);
    this.network.surroundings = { act: (member, action) => this.#act(member, action) };
    this.#room = randomId(dice);
    this.#options = options;
  }

  get members(): Member[] {
    return [...this.network.members.values()].filter(({ isAlive }) => isAlive);
  }

  join(count = 1, options: Partial<EngineOptions> = {}): Member[] {
    return Array.from({ length: count }, () => {
      const id = randomId(this.network.dice);
      const member = this.network.add(id, this.#room, { ...this.#options, ...options });
      this.network.tell(member, { type: 'start' });
      this.network.after(SERVER_MS, () => this.#enter(member));
      return member;
    });
  }

  broadcast(member: Member, text: string, isOrdered = false): void {
    const payload = new TextEncoder().encode(text);
    this.network.tell(member, { type: 'broadcast', payload, isOrdered });
  }

  /** Vanishes without telling anybody: its neighbours' data channels notice nothing until they time out. */
  kill(member: Member): void {
    member.isAlive = false;
    this.network.after(AWAY_MS, () => this.#depart(member.id));
  }

  leave(member: Member): void {
    this.network.tell(member, { type: 'leave' });
    this.#depart(member.id);
  }

  /** This member alone has no way to the server any more. The server notices after a while. */
  cutFromServer(member: Member): void {
    this.network.tell(member, { type: 'server-lost', server: SERVER });
    this.network.after(AWAY_MS, () => this.#depart(member.id));
    this.#unserved.add(member.id);
  }

  stopServer(): void {
    this.#isServerUp = false;
    this.#present.clear();
    this.#statuses.clear();
    for (const member of this.members) this.network.tell(member, { type: 'server-lost', server: SERVER });
  }

  startServer(): void {
    this.#isServerUp = true;
    for (const member of this.members) this.#enter(member);
  }

  /** Members that this one reaches, itself included. */
  reachedBy({ id, engine }: Member): number {
    const { graph, components } = engine.view;
    const ours = components[graph.index.get(id) ?? -1];
    return components.filter((label) => label === ours).length;
  }

  isWhole(): boolean {
    return this.members.every((member) => this.reachedBy(member) === this.members.length);
  }

  /** Lets time pass until it is so; false where it never was. */
  runUntil(isSo: () => boolean, withinMs: number): boolean {
    for (let ms = 0; ms < withinMs; ms += 50) {
      if (isSo()) return true;
      this.network.run(50);
    }
    return isSo();
  }

  #enter(member: Member): void {
    if (!this.#isServerUp || !member.isAlive) return;
    const others = [...this.#present].filter((id) => id !== member.id);
    this.#present.add(member.id);
    this.network.after(SERVER_MS, () => {
      this.network.tell(member, { type: 'members', server: SERVER, ids: others });
      for (const id of others) {
        const status = this.#statuses.get(id);
        if (status) this.network.tell(member, { type: 'status', bytes: status.bytes });
      }
    });
    this.#tellOthers(member.id, (other) =>
      this.network.tell(other, { type: 'presence', server: SERVER, id: member.id, isPresent: true }),
    );
  }

  #depart(id: string): void {
    if (!this.#present.delete(id)) return;
    this.#statuses.delete(id);
    this.#tellOthers(id, (other) =>
      this.network.tell(other, { type: 'presence', server: SERVER, id, isPresent: false }),
    );
  }

  /** A newcomer hears first who is there, and then of those who come after it: a moment later, since timers of one time run in no order. */
  #tellOthers(id: string, tell: (other: Member) => void): void {
    this.network.after(SERVER_MS + 1, () => {
      if (!this.#isServerUp) return;
      for (const other of this.members) {
        if (other.id !== id && this.#present.has(other.id) && !this.#unserved.has(other.id)) tell(other);
      }
    });
  }

  #act(member: Member, action: EngineAction): void {
    const { network } = this;
    switch (action.type) {
      case 'dial':
        this.#dial(member, action.peer, action.isBridge);
        break;
      case 'close': {
        const other = network.members.get(action.peer);
        if (other) network.after(50, () => network.tell(other, { type: 'link-closed', peer: member.id }));
        break;
      }
      case 'publish': {
        const known = this.#statuses.get(member.id);
        if (!this.#present.has(member.id) || this.#unserved.has(member.id)) break;
        if (known && known.version >= action.version) break;
        this.#statuses.set(member.id, action);
        this.#tellOthers(member.id, (other) => network.tell(other, { type: 'status', bytes: action.bytes }));
        break;
      }
      case 'fallback':
        network.after(2 * SERVER_MS, () => {
          for (const id of action.to) {
            const other = network.members.get(id);
            if (!other || !this.#present.has(id)) continue;
            this.fallbackBytes += action.bytes.length;
            network.tell(other, { type: 'fallback', bytes: action.bytes });
          }
        });
        break;
      case 'deliver':
        this.deliveries.push({
          to: member.id,
          source: action.source,
          text: new TextDecoder().decode(action.payload),
          atMs: network.nowMs,
        });
    }
  }

  /** Offer and answer go through the server, then the two find a path to each other. */
  #dial(from: Member, peer: string, isBridge: boolean): void {
    const { network } = this;
    const to = network.members.get(peer);
    const fail = (): void => network.tell(from, { type: 'dial-failed', peer });
    network.after(2 * SERVER_MS, () => {
      if (!this.#isServerUp || to?.isAlive !== true || network.isCut(from.id, peer)) return; // times out
      if (!to.engine.accepts(from.id, isBridge, network.nowMs)) {
        network.after(2 * SERVER_MS, fail);
        return;
      }
      network.after(4 * network.latencyMs(from, to) + 2 * SERVER_MS, () => {
        if (!from.isAlive || !to.isAlive || network.isCut(from.id, peer)) return;
        for (const [one, other] of [
          [from, to],
          [to, from],
        ] as const) {
          if (one.engine.links.has(other.id)) continue; // both dialled: one link is made
          network.tell(one, { type: 'link-open', peer: other.id });
        }
      });
    });
  }
}
