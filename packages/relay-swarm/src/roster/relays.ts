// The other relays we know by a signed descriptor: which are proven, which are alive, which to dial next. Pure; bounded.
import {
  descriptorText,
  healthText,
  RELAY_ID_CHARS,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import { backoffMs } from './backoff.ts';
import { sample } from '../discovery/candidates.ts';
import type { Verify } from '../proof/identity.ts';
import { isRelayPort } from '../discovery/public-host.ts';

export interface KnownRelay {
  descriptor: SignedDescriptor;
  /** When its URL was last answered by its key, dialled by us. */
  verifiedAtMs: number | undefined;
  /** Where that was. */
  address: string | undefined;
  health: SignedRelayHealth | undefined;
  /** By our clock: theirs may be wrong. */
  healthAtMs: number | undefined;
  /** Of this session's snapshots: after a restart a relay whose clock was set back must be heard again. */
  sequence: number;
  connected: boolean;
  /** Since when it has neither session nor proof. */
  lostAtMs: number | undefined;
  dialling: boolean;
  dialledAtMs: number;
  failures: number;
  nextDialAtMs: number;
  /** When others were last told of it. */
  spreadAtMs: number;
  /** Who told us of it: a relay's id, or what kind of source. */
  readonly introducer: string;
}

/** What survives a restart (candidates.json); its times are dates. */
export type SavedRelay = Pick<
  KnownRelay,
  'descriptor' | 'verifiedAtMs' | 'address' | 'health' | 'healthAtMs'
>;

export interface RelaysOptions {
  readonly selfId: string;
  readonly swarm: string;
  readonly allowPrivate: boolean;
  readonly relaysMax: number;
  readonly retryMsMax: number;
  readonly periodMs: number;
  readonly verify: Verify;
  /** Whether a URL's host is one for everybody. */
  readonly isPublicHost: (host: string) => boolean;
  /** The calendar, for what others have dated. Every other time is by a clock that is never set. */
  readonly calendar: () => number;
  readonly random: () => number;
}

/** A proof is repeated after half of this; a relay whose URL has not answered for so long is not offered. */
export const PROOF_MS_MAX = 1_800_000;
/** Periods without a snapshot: not offered. */
export const STALE_PERIODS = 3;
export const DROP_MS = 300_000;
/** Lost for less than this: dialled again every few seconds, so that a split swarm heals soon. */
const RECENT_MS = 3_600_000;
const RECENT_RETRY_MS_MAX = 15_000;
/** Not proven for so long: forgotten. */
const FORGET_MS = 86_400_000;
const LIFETIME_MS_MAX = 7 * 86_400_000;
/** Never proven and failed this often: forgotten. */
const FAILURES_MAX = 5;
const HINT_AGAIN_MS = 5_000;
const CLOCK_SKEW_MS_MAX = 600_000;

export type Offer = 'new' | 'newer' | 'known' | 'refused';

export class Relays {
  readonly #options: RelaysOptions;
  readonly #byId = new Map<string, KnownRelay>();
  readonly #idByUrl = new Map<string, string>();

  constructor(options: RelaysOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): KnownRelay | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<KnownRelay> {
    return this.#byId.values();
  }

  /**
   * Someone shows a descriptor; `isHome`: the web server at its own URL. The signature is checked last and only where something
   * would come of it: it costs most. Before that nothing changes.
   */
  offer(descriptor: SignedDescriptor, introducer: string, nowMs: number, isHome = false): Offer {
    const { id } = descriptor;
    const known = this.#byId.get(id);
    if (id === this.#options.selfId || !this.#isAcceptable(descriptor)) return 'refused';
    if (known !== undefined && descriptor.issuedAt <= known.descriptor.issuedAt) return 'known';
    const owner = this.#ownerOf(descriptor.url);
    const isTaken = owner !== undefined && owner !== known;
    if (isTaken && !this.#givesUpUrl(owner, isHome, nowMs)) return 'refused';
    const isHearsay = isRelayId(introducer) && introducer !== id;
    if (known === undefined && !this.#hasRoom(introducer, isHearsay, nowMs)) return 'refused';
    if (!this.#options.verify(id, descriptorText(descriptor), descriptor.signature)) return 'refused';
    if (isTaken) this.forget(owner.descriptor.id);
    if (known !== undefined) {
      if (known.descriptor.url !== descriptor.url) this.#move(known, descriptor.url, nowMs);
      known.descriptor = descriptor;
      return 'newer';
    }
    if (this.size >= this.#options.relaysMax) this.forget(this.#worst(isHearsay, nowMs)!.descriptor.id);
    this.#byId.set(id, fresh(descriptor, introducer, nowMs));
    this.#idByUrl.set(descriptor.url, id);
    return 'new';
  }

  /** A relay of before the restart: what is still fresh counts at once. Nothing of the future does. */
  restore(saved: SavedRelay, nowMs: number): void {
    if (this.offer(saved.descriptor, 'before the restart', nowMs) !== 'new') return;
    const relay = this.#byId.get(saved.descriptor.id)!;
    const today = this.#options.calendar();
    const past = (atMs = Infinity): number | undefined =>
      atMs <= today ? nowMs - (today - atMs) : undefined;
    const health = saved.health;
    relay.verifiedAtMs = past(saved.verifiedAtMs);
    relay.address = saved.address;
    if (health === undefined || health.id !== relay.descriptor.id) return;
    if (!this.#options.verify(health.id, healthText(health), health.signature)) return;
    relay.health = health;
    relay.healthAtMs = past(saved.healthAtMs);
  }

  /** Its URL was answered by its key. */
  verified(id: string, address: string, nowMs: number): void {
    const relay = this.#byId.get(id);
    if (relay === undefined) return;
    relay.verifiedAtMs = nowMs;
    relay.address = address;
  }

  connected(id: string, connected: boolean, nowMs: number): void {
    const relay = this.#byId.get(id);
    if (relay === undefined) return;
    relay.connected = connected;
    relay.sequence = -1;
    relay.lostAtMs = connected ? undefined : nowMs;
    if (connected) return;
    // At once, but not in step with everybody else who has just lost it
    relay.nextDialAtMs = nowMs + this.#options.random() * 1_000;
  }

  /** Takes a snapshot that came by the relay's own session; false where it is not a later one of that relay. */
  health(id: string, health: SignedRelayHealth, nowMs: number): boolean {
    const relay = this.#byId.get(id);
    if (relay === undefined || health.id !== id) return false;
    if (health.sequence <= relay.sequence) return false;
    if (!this.#options.verify(id, healthText(health), health.signature)) return false;
    Object.assign(relay, { health, healthAtMs: nowMs, sequence: health.sequence });
    return true;
  }

  /** It has stayed a while: the next loss is a first one. */
  recovered(id: string): void {
    const relay = this.#byId.get(id);
    if (relay !== undefined) relay.failures = 0;
  }

  /** Dialled in vain. */
  failed(id: string, nowMs: number): void {
    const relay = this.#byId.get(id);
    if (relay === undefined) return;
    relay.failures++;
    const capMs = this.#isRecent(relay, nowMs)
      ? Math.min(RECENT_RETRY_MS_MAX, this.#options.retryMsMax)
      : this.#options.retryMsMax;
    relay.nextDialAtMs = nowMs + backoffMs(relay.failures, capMs, this.#options.random);
  }

  /** A relay that we trust says that this one is alive: worth a try now, whatever we have seen of it. */
  hint(id: string, nowMs: number): void {
    const relay = this.#byId.get(id);
    if (relay === undefined || relay.connected || nowMs - relay.dialledAtMs < HINT_AGAIN_MS) return;
    relay.nextDialAtMs = Math.min(relay.nextDialAtMs, nowMs + this.#options.random() * 1_000);
  }

  /**
   * Those to dial now, marked as being dialled: without a session, or whose proof gets old. First those whose word we have
   * reason to trust; of those never proven only so many at once that they cannot keep the others waiting. Without room
   * for another session only old proofs are renewed.
   */
  take(nowMs: number, diallingMax: number, hasRoom: boolean): KnownRelay[] {
    const due: KnownRelay[] = [];
    let room = diallingMax;
    let strangers = Math.ceil(diallingMax / 2);
    for (const relay of this.#byId.values()) {
      const isOld = nowMs - (relay.verifiedAtMs ?? -Infinity) > PROOF_MS_MAX / 2;
      const needsDial = relay.connected ? isOld : hasRoom;
      if (relay.dialling) {
        room--;
        if (isStranger(relay)) strangers--;
      } else if (needsDial && relay.nextDialAtMs <= nowMs) due.push(relay);
    }
    const { random } = this.#options;
    const trusted = due.filter((relay) => !isStranger(relay));
    const taken = sample(trusted, Math.max(0, room), random);
    const roomLeft = Math.max(0, Math.min(strangers, room - taken.length));
    taken.push(...sample(due.filter(isStranger), roomLeft, random));
    for (const relay of taken) Object.assign(relay, { dialling: true, dialledAtMs: nowMs });
    return taken;
  }

  /** Whether browsers may be sent there. */
  isOffered(relay: KnownRelay, nowMs: number): boolean {
    return (
      relay.verifiedAtMs !== undefined &&
      nowMs - relay.verifiedAtMs <= PROOF_MS_MAX &&
      relay.lostAtMs === undefined &&
      relay.healthAtMs !== undefined &&
      nowMs - relay.healthAtMs <= STALE_PERIODS * this.#options.periodMs &&
      relay.health?.state !== 'draining' &&
      relay.descriptor.expiresAt > this.#options.calendar()
    );
  }

  /** Lets time pass: the dead are dropped, then forgotten. */
  age(nowMs: number): void {
    for (const [id, relay] of this.#byId) {
      if (relay.connected || relay.dialling) continue;
      if (nowMs - (relay.healthAtMs ?? 0) > DROP_MS) relay.health = relay.healthAtMs = undefined;
      const hopeless = relay.verifiedAtMs === undefined && relay.failures >= FAILURES_MAX;
      const longGone = nowMs - (relay.verifiedAtMs ?? nowMs) > FORGET_MS;
      if (hopeless || longGone || relay.descriptor.expiresAt <= this.#options.calendar()) this.forget(id);
    }
  }

  forget(id: string): void {
    const url = this.#byId.get(id)?.descriptor.url;
    if (url !== undefined && this.#idByUrl.get(url) === id) this.#idByUrl.delete(url);
    this.#byId.delete(id);
  }

  #isAcceptable({ swarm, url, peerjs, iceServers, site, services, issuedAt, expiresAt }: SignedDescriptor) {
    const { allowPrivate, isPublicHost } = this.#options;
    const today = this.#options.calendar();
    const isForAll = (text: string): boolean => {
      const { protocol, hostname, port } = new URL(text);
      return (protocol === 'https:' || protocol === 'wss:') && isPublicHost(hostname) && isRelayPort(port);
    };
    const urls = [url, peerjs, iceServers, site, ...Object.values(services)].filter(
      (one) => one !== undefined,
    );
    return (
      swarm === this.#options.swarm &&
      expiresAt > today &&
      issuedAt <= today + CLOCK_SKEW_MS_MAX &&
      expiresAt - issuedAt <= LIFETIME_MS_MAX &&
      (allowPrivate || urls.every(isForAll))
    );
  }

  /** Nobody alone can fill the table with relays that do not exist. */
  #hasRoom(introducer: string, isHearsay: boolean, nowMs: number): boolean {
    let unproven = 0;
    for (const relay of this.#byId.values()) {
      if (relay.introducer === introducer && relay.verifiedAtMs === undefined) unproven++;
    }
    const { relaysMax } = this.#options;
    return unproven < relaysMax / 4 && (this.size < relaysMax || this.#worst(isHearsay, nowMs) !== undefined);
  }

  #ownerOf(url: string): KnownRelay | undefined {
    return this.#byId.get(this.#idByUrl.get(url) ?? '');
  }

  /**
   * A URL belongs to one relay. One that has been proven there loses it only where that URL's web server names another; one
   * that has not, as soon as it was tried in vain. A session alone holds no URL: anybody can have one.
   */
  #givesUpUrl(owner: KnownRelay, isHome: boolean, nowMs: number): boolean {
    if (this.isOffered(owner, nowMs)) return false;
    return isHome || (owner.verifiedAtMs === undefined && owner.failures > 0 && !owner.dialling);
  }

  #move(relay: KnownRelay, url: string, nowMs: number): void {
    this.#idByUrl.delete(relay.descriptor.url);
    this.#idByUrl.set(url, relay.descriptor.id);
    Object.assign(relay, { verifiedAtMs: undefined, failures: 0, nextDialAtMs: nowMs });
  }

  #isRecent(relay: KnownRelay, nowMs: number): boolean {
    return relay.verifiedAtMs !== undefined && nowMs - (relay.lostAtMs ?? relay.verifiedAtMs) < RECENT_MS;
  }

  /**
   * Whom to give up for a newcomer: one that failed. For one that we know not only by hearsay, else one that we do, though
   * it was not tried yet: keys are free, and with a few of them a table is filled faster than it can be dialled.
   */
  #worst(isHearsay: boolean, nowMs: number): KnownRelay | undefined {
    let worst: KnownRelay | undefined;
    for (const relay of this.#byId.values()) {
      if (relay.connected || relay.dialling || this.#isRecent(relay, nowMs)) continue;
      if (relay.failures === 0 && (isHearsay || relay.verifiedAtMs !== undefined || !isHeardOf(relay)))
        continue;
      if (worst === undefined || relay.failures > worst.failures) worst = relay;
    }
    return worst;
  }
}

/** Whether the introducer is a relay, and no source of our own such as the DHT. */
const isRelayId = (introducer: string): boolean => introducer.length === RELAY_ID_CHARS;
const isHeardOf = ({ introducer, descriptor }: KnownRelay): boolean =>
  isRelayId(introducer) && introducer !== descriptor.id;
const isStranger = (relay: KnownRelay): boolean => relay.verifiedAtMs === undefined && !relay.connected;

const fresh = (descriptor: SignedDescriptor, introducer: string, nowMs: number): KnownRelay => ({
  descriptor,
  verifiedAtMs: undefined,
  address: undefined,
  health: undefined,
  healthAtMs: undefined,
  sequence: -1,
  connected: false,
  lostAtMs: undefined,
  dialling: false,
  dialledAtMs: 0,
  failures: 0,
  nextDialAtMs: nowMs,
  spreadAtMs: -Infinity,
  introducer,
});
