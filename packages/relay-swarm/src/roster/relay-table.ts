// The other relays we know by a signed descriptor: which are accepted, which URL belongs to which, which is dropped for another. Pure; bounded.
import { limitKey } from '@relay-swarm/net';
import {
  descriptorText,
  healthText,
  RELAY_ID_CHARS,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import type { Verify } from '../proof/identity.ts';
import { isAcceptable, type DescriptorPolicy } from './descriptor-policy.ts';
import { takeDue } from './dial-schedule.ts';
import { DialState } from './dial-state.ts';
import type { KnownRelay, SavedRelay } from './known-relay.ts';
import { Liveness } from './liveness.ts';

export interface RelayTableOptions extends DescriptorPolicy {
  readonly selfId: string;
  readonly relaysMax: number;
  readonly retryMsMax: number;
  readonly periodMs: number;
  readonly verify: Verify;
  /** For dates that others have set. Every other time is by a clock that is never set. */
  readonly wallClockMs: () => number;
  readonly random: () => number;
}

const RECENT_RETRY_MS_MAX = 15_000;
/** Relays of one host that were never proven: descriptors that name a victim's ports must not make every relay dial it. */
const UNPROVEN_PER_HOST_MAX = 4;
/** A relay that was never proven and has failed this often is forgotten. */
const FAILURES_MAX = 5;

export type Offer = 'new' | 'newer' | 'known' | 'refused';
/** `host`: of its URL. */
type Entry = KnownRelay & { descriptor: SignedDescriptor; host: string };

export class RelayTable {
  readonly #options: RelayTableOptions;
  readonly #byId = new Map<string, Entry>();
  readonly #idByUrl = new Map<string, string>();

  constructor(options: RelayTableOptions) {
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
   * Takes a descriptor; `isHome`: it came from the web server at its own URL. The signature costs most, so it is checked last, and only
   * where the descriptor would be accepted. Nothing changes before that.
   */
  offer(descriptor: SignedDescriptor, introducer: string, nowMs: number, isHome = false): Offer {
    const { id } = descriptor;
    const { selfId, relaysMax, verify, wallClockMs } = this.#options;
    const known = this.#byId.get(id);
    if (id === selfId || !isAcceptable(descriptor, this.#options, wallClockMs())) return 'refused';
    if (known !== undefined && descriptor.issuedAt <= known.descriptor.issuedAt) return 'known';
    const owner = this.#ownerOf(descriptor.url);
    const isTaken = owner !== undefined && owner !== known;
    if (isTaken && !this.#givesUpUrl(owner, isHome, nowMs)) return 'refused';
    const isThirdParty = isRelayId(introducer) && introducer !== id;
    if (known === undefined && !this.#hasRoom(introducer, isThirdParty, nowMs)) return 'refused';
    const host = new URL(descriptor.url).hostname;
    if (known?.host !== host && this.#isCrowded(host)) return 'refused';
    if (!verify(id, descriptorText(descriptor), descriptor.signature)) return 'refused';
    if (isTaken) this.forget(owner.descriptor.id);
    if (known !== undefined) {
      if (known.descriptor.url !== descriptor.url) this.#move(known, descriptor.url, nowMs);
      known.descriptor = descriptor;
      known.host = host;
      return 'newer';
    }
    if (this.size >= relaysMax) this.forget(this.#worst(isThirdParty, nowMs)!.descriptor.id);
    this.#byId.set(id, {
      descriptor,
      host,
      introducer,
      dial: new DialState(nowMs),
      liveness: new Liveness(),
    });
    this.#idByUrl.set(descriptor.url, id);
    return 'new';
  }

  /** Restores a relay known before the restart: what is still fresh counts at once, what is dated in the future does not count. */
  restore(saved: SavedRelay, nowMs: number): void {
    if (this.offer(saved.descriptor, 'before the restart', nowMs) !== 'new') return;
    const { descriptor, liveness } = this.#byId.get(saved.descriptor.id)!;
    const today = this.#options.wallClockMs();
    const past = (atMs = Infinity): number | undefined =>
      atMs <= today ? nowMs - (today - atMs) : undefined;
    const { health } = saved;
    liveness.restore(past(saved.verifiedAtMs), saved.address);
    if (health === undefined || health.id !== descriptor.id) return;
    if (!this.#options.verify(health.id, healthText(health), health.signature)) return;
    liveness.restoreHealth(health, past(saved.healthAtMs));
  }

  /** What to remember over a restart. */
  save(nowMs: number): SavedRelay[] {
    const aheadMs = this.#options.wallClockMs() - nowMs;
    const date = (atMs: number | undefined): number | undefined =>
      atMs === undefined ? undefined : Math.round(atMs + aheadMs);
    return [...this.#byId.values()]
      .filter(({ liveness }) => liveness.verifiedAtMs !== undefined)
      .map(({ descriptor, liveness: { verifiedAtMs, address, health, healthAtMs } }) => ({
        descriptor,
        address,
        verifiedAtMs: date(verifiedAtMs),
        health,
        healthAtMs: date(healthAtMs),
      }));
  }

  /** Its key has answered at its URL. */
  verified(id: string, address: string, nowMs: number): void {
    this.#byId.get(id)?.liveness.verify(address, nowMs);
  }

  connected(id: string): void {
    this.#byId.get(id)?.liveness.connect();
  }

  /** Whether it may be frozen: a ping of ours waits. */
  suspect(id: string, isSuspect: boolean, nowMs: number): void {
    this.#byId.get(id)?.liveness.suspect(isSuspect, nowMs);
  }

  /** How long it takes to answer a ping. */
  measured(id: string, roundTripMs: number | undefined): void {
    this.#byId.get(id)?.liveness.measure(roundTripMs);
  }

  disconnected(id: string, nowMs: number): void {
    const relay = this.#byId.get(id);
    relay?.liveness.lose(nowMs);
    relay?.dial.lose(nowMs, this.#options.random);
  }

  /** Its session was ended to make room: the relay is alive, and is not dialled again at once. */
  released(id: string, nowMs: number): void {
    this.#byId.get(id)?.liveness.release();
    this.failed(id, nowMs);
  }

  /** Takes a snapshot that came on the relay's own session; false where it is not that relay's, or not newer. */
  health(id: string, health: SignedRelayHealth, nowMs: number): boolean {
    const relay = this.#byId.get(id);
    if (relay === undefined || health.id !== id || !relay.liveness.isNews(health)) return false;
    if (!this.#options.verify(id, healthText(health), health.signature)) return false;
    relay.liveness.hear(health, nowMs);
    return true;
  }

  recovered(id: string): void {
    this.#byId.get(id)?.dial.recover();
  }

  dialEnded(id: string): void {
    this.#byId.get(id)?.dial.end();
  }

  /** Dialling it has failed. */
  failed(id: string, nowMs: number): void {
    const relay = this.#byId.get(id);
    const { retryMsMax, random } = this.#options;
    const isRecent = relay?.liveness.isRecent(nowMs) === true;
    relay?.dial.fail(nowMs, isRecent ? Math.min(RECENT_RETRY_MS_MAX, retryMsMax) : retryMsMax, random);
  }

  /** A relay that we trust says that this one is alive. */
  hint(id: string, nowMs: number): void {
    const relay = this.#byId.get(id);
    if (relay?.liveness.isConnected === false) relay.dial.hint(nowMs, this.#options.random);
  }

  take(nowMs: number, diallingMax: number, sessionsLeft: number): KnownRelay[] {
    return takeDue(this.#byId.values(), nowMs, { diallingMax, sessionsLeft, random: this.#options.random });
  }

  /** Whether its URL has answered of late. */
  isProven(id: string, nowMs: number): boolean {
    return this.#byId.get(id)?.liveness.isProven(nowMs) === true;
  }

  /** Whether the URL of a relay at this address (limitKey) has answered of late. */
  isProvenAt(key: string, nowMs: number): boolean {
    for (const { liveness } of this.#byId.values()) {
      const { address } = liveness;
      if (address !== undefined && limitKey(address) === key && liveness.isProven(nowMs)) return true;
    }
    return false;
  }

  /** Whether browsers may be sent there. */
  isOffered({ liveness, descriptor }: KnownRelay, nowMs: number): boolean {
    const { periodMs, wallClockMs } = this.#options;
    return liveness.isServing(nowMs, periodMs) && descriptor.expiresAt > wallClockMs();
  }

  offered(nowMs: number): KnownRelay[] {
    return [...this.#byId.values()].filter((relay) => this.isOffered(relay, nowMs));
  }

  /** Drops relays that were lost for too long, and later forgets them. */
  age(nowMs: number): void {
    for (const [id, { descriptor, dial, liveness }] of this.#byId) {
      if (liveness.isConnected || dial.isDialling) continue;
      liveness.age(nowMs);
      const isHopeless = liveness.verifiedAtMs === undefined && dial.failures >= FAILURES_MAX;
      const isOver = descriptor.expiresAt <= this.#options.wallClockMs();
      if (isHopeless || isOver || liveness.isLongGone(nowMs)) this.forget(id);
    }
  }

  forget(id: string): void {
    const url = this.#byId.get(id)?.descriptor.url;
    if (url !== undefined && this.#idByUrl.get(url) === id) this.#idByUrl.delete(url);
    this.#byId.delete(id);
  }

  /** Bounds each introducer, so that none can fill the table with relays that do not exist. */
  #hasRoom(introducer: string, isThirdParty: boolean, nowMs: number): boolean {
    let unproven = 0;
    for (const relay of this.#byId.values()) {
      if (relay.introducer === introducer && relay.liveness.verifiedAtMs === undefined) unproven++;
    }
    const { relaysMax } = this.#options;
    return (
      unproven < relaysMax / 4 && (this.size < relaysMax || this.#worst(isThirdParty, nowMs) !== undefined)
    );
  }

  #isCrowded(host: string): boolean {
    if (this.#options.allowPrivate) return false;
    let unproven = 0;
    for (const relay of this.#byId.values()) {
      if (relay.host === host && relay.liveness.verifiedAtMs === undefined) unproven++;
    }
    return unproven >= UNPROVEN_PER_HOST_MAX;
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
    const { dial, liveness } = owner;
    return isHome || (liveness.verifiedAtMs === undefined && dial.failures > 0 && !dial.isDialling);
  }

  #move(relay: KnownRelay, url: string, nowMs: number): void {
    this.#idByUrl.delete(relay.descriptor.url);
    this.#idByUrl.set(url, relay.descriptor.id);
    relay.liveness.move();
    relay.dial.move(nowMs);
  }

  /**
   * The relay to drop for a newcomer: one that has failed. Where there is none, a newcomer that has shown its own descriptor replaces one
   * that only a third party has named, even if it was not dialled yet: a few free keys can fill a table faster than it can be dialled.
   */
  #worst(isThirdParty: boolean, nowMs: number): KnownRelay | undefined {
    let worst: KnownRelay | undefined;
    for (const relay of this.#byId.values()) {
      const { dial, liveness } = relay;
      if (liveness.isConnected || dial.isDialling || liveness.isRecent(nowMs)) continue;
      if (
        dial.failures === 0 &&
        (isThirdParty || liveness.verifiedAtMs !== undefined || !isFromThirdParty(relay))
      )
        continue;
      if (worst === undefined || dial.failures > worst.dial.failures) worst = relay;
    }
    return worst;
  }
}

/** Whether the introducer is a relay, and no source of our own such as the DHT. */
const isRelayId = (introducer: string): boolean => introducer.length === RELAY_ID_CHARS;
const isFromThirdParty = ({ introducer, descriptor }: KnownRelay): boolean =>
  isRelayId(introducer) && introducer !== descriptor.id;
