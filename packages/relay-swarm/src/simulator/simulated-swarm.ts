// Thousands of relays in virtual time. Each runs the membership and the view of `packages/relay-swarm` as relays do; what is simulated are
// the sockets: distances on a map, lost packets, dead and silent machines. Signatures are taken as good, since nobody here lies.
import type { RelayMessage, SignedDescriptor } from '@relay-swarm/protocol';
import { Membership } from '../membership/membership.ts';
import { createMember, type Member } from '../membership/member.ts';
import { chooseToDial, ISOLATED_SESSIONS, soughtSessions } from '../membership/view.ts';
import { CompactStore, Registry } from './compact-store.ts';
import { createDice, randomHex } from './dice.ts';
import { EventQueue } from './event-queue.ts';
import { ACCEPTOR_BYTES, DIALLER_BYTES, HEALTH_BYTES, messageBytes, PROOF_BYTES } from './message-bytes.ts';
import { describeRelay, SimulatedRelay, type End } from './simulated-relay.ts';
import type { SwarmOptions } from './swarm-options.ts';

const DIAL_MS_MAX = 5_000;
const VISIT_MS = 8_000;
const SILENCE_PERIODS = 2;
/** A ping without an answer is noticed so late. */
const PONG_MS = 3_000;
const MAP_MS = 120;
const NOBODY_MS = 50;

export class SimulatedSwarm {
  readonly queue = new EventQueue();
  readonly relays: SimulatedRelay[] = [];
  readonly random: () => number;
  readonly #registry: Registry;
  readonly #options: SwarmOptions;
  readonly #byId = new Map<string, SimulatedRelay>();

  constructor(options: SwarmOptions) {
    this.#options = options;
    this.random = createDice(options.seed ?? 1);
    this.#registry = new Registry(options.capacity);
  }

  get nowMs(): number {
    return this.queue.nowMs;
  }
  get up(): SimulatedRelay[] {
    return this.relays.filter(({ life }) => life === 'up');
  }

  /** A relay that starts now and knows these. */
  add(entrances: readonly SimulatedRelay[]): SimulatedRelay {
    const relay = this.#create();
    const dial = (): void => {
      // As a relay asks the addresses that it was given until one has answered
      const hasEntered = entrances.some(({ descriptor }) => relay.membership.isProven(descriptor.id));
      if (relay.life !== 'up' || hasEntered) return;
      for (const entrance of entrances) this.#dial(relay, entrance.descriptor, false);
      this.queue.at(ENTER_AGAIN_MS, dial);
    };
    dial();
    return relay;
  }

  /** So many relays that know each other already, as after a long time. */
  addKnown(count: number): void {
    const relays = Array.from({ length: count }, () => this.#create(true));
    const members = relays.map(({ descriptor }) => createMember({ descriptor, vouches: [] }));
    for (const relay of relays) {
      for (const member of members)
        if (member.record.descriptor !== relay.descriptor) relay.membership.table.set(member, undefined);
    }
  }

  /** Relays that answer, and whatever they hear tell of each other and of this many relays that do not exist. */
  addHostile(count: number, inventions: number): SimulatedRelay[] {
    const relays = Array.from({ length: count }, () => this.#create(true, true));
    const invented = Array.from({ length: inventions }, (_, i) =>
      describeRelay(randomHex(this.random, 8), this.relays.length + i, START_MS + this.nowMs),
    );
    for (const { membership } of relays) {
      for (const descriptor of [...relays.map((one) => one.descriptor), ...invented]) {
        membership.table.set(createMember({ descriptor, vouches: [] }), undefined);
      }
    }
    return relays;
  }

  run(ms: number): void {
    this.queue.run(ms);
  }

  /** `cut`: nobody is told; the others notice its silence. */
  stop(relay: SimulatedRelay, how: 'killed' | 'cut'): void {
    relay.life = how;
    relay.stoppedAtMs = this.nowMs;
    for (const end of [...relay.ends]) {
      const { other } = end;
      if (how === 'killed') this.queue.at(this.#delay(relay, other.at), () => this.#close(other, true));
      else this.#fallSilent(other);
      relay.ends.delete(end);
    }
    relay.view.clear();
  }

  /** Cuts the network in two: nothing passes from one side to the other until all are on one again. */
  cut(sideOf: (relay: SimulatedRelay) => number): void {
    for (const relay of this.relays) relay.side = sideOf(relay);
    for (const relay of this.up) {
      for (const end of relay.ends) if (end.other.at.side !== relay.side) this.#fallSilent(end);
    }
  }

  /** First a ping waits for its answer, then the session ends. */
  #fallSilent(end: End): void {
    const { periodMs = 10_000 } = this.#options;
    this.queue.at(PONG_MS + (this.random() * periodMs) / 2, () => {
      if (end.isOpen && !end.isVisit) end.at.membership.silent(end.id, true, this.nowMs);
    });
    this.queue.at(SILENCE_PERIODS * periodMs * (0.75 + this.random() / 4), () => this.#close(end, true));
  }

  /** `isKnown`: everybody knows it already, so that it need not be told of as one that others vouch for. */
  #create(isKnown = false, isHostile = false): SimulatedRelay {
    const index = this.relays.length;
    const id = randomHex(this.random, 8);
    let issuedAt = START_MS + this.nowMs;
    const describe = (): SignedDescriptor => describeRelay(id, index, issuedAt);
    const descriptor = describe();
    const membership = new Membership(
      {
        selfId: id,
        store: new CompactStore(this.#registry),
        ...{ membersMax: 20_000, perAddressMax: 4, perNetworkMax: 16, unprovenMax: 5_000 },
        random: this.random,
        wallClockMs: () => START_MS + this.nowMs,
        signatures: { descriptor: () => true, health: () => true, vouch: () => true },
        placeOf: (address) => ({ address, network: address }),
        accepts: () => true,
        visit: (record) => this.#dial(relay, record.descriptor, true),
        vouchedFor: () => {
          if (isKnown) return;
          issuedAt = START_MS + this.nowMs;
          membership.setSelf(describe());
        },
      },
      this.nowMs,
    );
    const relay = new SimulatedRelay(index, descriptor, membership, this.nowMs, this.random);
    membership.setSelf(descriptor);
    this.relays.push(relay);
    this.#byId.set(id, relay);
    // As relays do: anew every twelve hours, each at its own time
    const renew = (): void => {
      if (relay.life !== 'up') return;
      issuedAt = START_MS + this.nowMs;
      membership.setSelf(describe());
      this.queue.at(RENEW_MS, renew);
    };
    this.queue.at(this.nowMs === 0 ? this.random() * RENEW_MS : RENEW_MS, renew);
    const tick = (): void => {
      if (relay.life !== 'up') return;
      if (!isHostile) this.#tick(relay);
      this.queue.at(1_000, tick);
    };
    this.queue.at(this.random() * 1_000, tick);
    return relay;
  }

  #tick(relay: SimulatedRelay): void {
    const { membership, view } = relay;
    const { sessionsMax, periodMs = 10_000 } = this.#options;
    membership.tick(this.nowMs);
    // A status to each session once a period; nothing of it is decided here
    relay.bytesSent += (view.size * (HEALTH_BYTES + 32) * 1_000) / periodMs;
    relay.messagesSent += (view.size * 1_000) / periodMs;
    const sought = soughtSessions(membership.table.size - 1, sessionsMax);
    if (view.size + relay.dialling >= sought) {
      const old = sought < membership.table.size - 1 && relay.renewal.choose([...view.values()], this.nowMs);
      if (old) this.#closeBoth(view.get(old.id)!, false);
      return;
    }
    const candidates = Array.from({ length: 4 }, () => membership.table.pick(this.random)).filter(
      (one): one is Member =>
        one !== undefined &&
        one.record.descriptor.id !== relay.descriptor.id &&
        !view.has(one.record.descriptor.id),
    );
    const chosen = chooseToDial(candidates, ({ start }) => start, [...view.values()]);
    if (chosen !== undefined) this.#dial(relay, chosen.record.descriptor, false);
  }

  #dial(from: SimulatedRelay, descriptor: SignedDescriptor, isVisit: boolean): void {
    const to = this.#byId.get(descriptor.id);
    from.dials++;
    if (!isVisit) from.dialling++;
    const { loss } = this.#options;
    const failed = (): void => {
      if (!isVisit) from.dialling--;
      if (from.life === 'up') from.membership.failed(descriptor.id, this.nowMs);
    };
    if (to === undefined) {
      this.queue.at(NOBODY_MS, failed);
      return;
    }
    const isLost = this.random() < loss;
    from.bytesSent += to.life === 'up' && !isLost ? DIALLER_BYTES + PROOF_BYTES.dialler : 120;
    if (to.life === 'killed') this.queue.at(2 * this.#delay(from, to), failed);
    else if (to.life === 'cut' || to.side !== from.side || isLost) this.queue.at(DIAL_MS_MAX, failed);
    else {
      to.bytesSent += ACCEPTOR_BYTES + PROOF_BYTES.acceptor;
      this.queue.at(6 * this.#delay(from, to), () => {
        if (to.life !== 'up' || from.life !== 'up' || to.side !== from.side) failed();
        else this.#opened(from, to, descriptor, isVisit);
      });
    }
  }

  #opened(from: SimulatedRelay, to: SimulatedRelay, descriptor: SignedDescriptor, isVisit: boolean): void {
    if (!isVisit) from.dialling--;
    const address = `address ${to.index}`;
    from.membership.proven({ descriptor, vouches: [] }, address, this.nowMs);
    const hasSession = from.view.has(to.descriptor.id) || to.view.has(from.descriptor.id);
    if (!isVisit && (hasSession || !this.#letsIn(to, from))) return;
    const [here, there] = this.#connect(from, to, isVisit);
    const vouch = from.membership.vouchFor(address, () => '0'.repeat(128), descriptor);
    from.membership.joined(here, this.nowMs, isVisit);
    to.membership.joined(there, this.nowMs);
    here.send({ action: 'vouch', vouch });
    if (isVisit) {
      this.queue.at(VISIT_MS, () => this.#closeBoth(here, false));
      return;
    }
    // The dialled relay knows only a key: it checks the URL itself
    if (to.membership.isProven(from.descriptor.id)) return;
    this.queue.at(this.random() * 1_000, () => {
      if (to.life === 'up') this.#dial(to, from.descriptor, true);
    });
  }

  #letsIn(to: SimulatedRelay, from: SimulatedRelay): boolean {
    const { sessionsMax } = this.#options;
    if (to.view.size < sessionsMax) return true;
    if (from.view.size >= ISOLATED_SESSIONS) return false;
    const view = [...to.view.values()];
    const gone = to.replacement.choose(view, `network ${from.index}`, this.nowMs, this.random);
    if (gone === undefined) return false;
    this.#closeBoth(to.view.get(gone.id)!, false);
    return true;
  }

  #connect(from: SimulatedRelay, to: SimulatedRelay, isVisit: boolean): [End, End] {
    const here = this.#end(from, to, isVisit, true);
    const there = this.#end(to, from, isVisit, false);
    here.other = there;
    there.other = here;
    return [here, there];
  }

  #end(at: SimulatedRelay, far: SimulatedRelay, isVisit: boolean, isChosen: boolean): End {
    const end: End = {
      id: far.descriptor.id,
      network: `network ${far.index}`,
      ...{ at, isVisit, isChosen, sinceMs: this.nowMs, isOpen: true },
      other: undefined as unknown as End,
      send: (message) => this.#send(end, message),
    };
    at.ends.add(end);
    if (!isVisit) at.view.set(end.id, end);
    return end;
  }

  #send(end: End, message: RelayMessage): void {
    const { at, other } = end;
    at.bytesSent += messageBytes(message);
    at.messagesSent++;
    const again = this.random() < this.#options.loss ? 200 + this.random() * 200 : 0;
    this.queue.at(this.#delay(at, other.at) + again, () => {
      if (other.isOpen && other.at.life === 'up' && other.at.side === at.side)
        other.at.membership.hear(other, message, this.nowMs);
    });
  }

  #closeBoth(end: End, isLost: boolean): void {
    this.#close(end, isLost);
    this.queue.at(this.#delay(end.at, end.other.at), () => this.#close(end.other, isLost));
  }

  #close(end: End, isLost: boolean): void {
    if (!end.isOpen) return;
    end.isOpen = false;
    const { at } = end;
    at.ends.delete(end);
    if (at.view.get(end.id) === end) at.view.delete(end.id);
    if (at.life === 'up') at.membership.left(end, isLost, this.nowMs);
  }

  #delay(a: SimulatedRelay, b: SimulatedRelay): number {
    return 5 + Math.hypot(a.x - b.x, a.y - b.y) * MAP_MS + this.random() * 10;
  }
}

const START_MS = 1_800_000_000_000;
const ENTER_AGAIN_MS = 5_000;
const RENEW_MS = 43_200_000;
