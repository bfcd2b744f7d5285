// A swarm of relays in one process: the real RelayNode with real keys, on a clock, dice and wires of our own.
import { silentLog } from '@relay-swarm/kit';
import type { RelayState, SignedDescriptor } from '@relay-swarm/protocol';
import { createIdentity, verifySignature } from '../src/proof/identity.ts';
import type { NodeOptions } from '../src/node-options.ts';
import { RelayNode } from '../src/relay-node.ts';
import { mergeHealth } from '../src/health/health-aggregator.ts';
import { createDice } from '../src/simulator/dice.ts';
import { createDescriptorSigner, type DescriptorSigner } from '../src/proof/descriptor-signer.ts';
import type { Opened, Wire, WireListener } from '../src/sessions/wire.ts';

export const START_MS = 1_800_000_000_000;
const LATENCY_MS = 20;
const DIAL_MS_MAX = 5_000;
const nothing = mergeHealth(undefined, new Map(), 0).health;

/** A network of its own for each relay. */
const addressOf = (index: number): string => `9.${index >> 8}.${index & 255}.1`;

interface End {
  readonly host: SimulatedRelay | undefined;
  listener: WireListener | undefined;
  isClosed: boolean;
}

export interface SimulatedRelay {
  readonly name: string;
  readonly url: string;
  readonly node: RelayNode;
  readonly signer: DescriptorSigner;
  isFrozen: boolean;
  isDead: boolean;
  state: RelayState;
  load: number;
  /** On which side of a partition it is. */
  side: number;
  /** How far its clock is ahead. */
  readonly clock: { aheadMs: number };
}

export class Simulation {
  nowMs = START_MS;
  readonly random: () => number;
  readonly relays: SimulatedRelay[] = [];
  readonly #events: { atMs: number; run: () => void }[] = [];
  /** Which way wires go that are not relays of this simulation. */
  strangers = new Map<string, (opened: Opened, from: SimulatedRelay) => void>();
  fetches = new Map<string, () => Promise<SignedDescriptor>>();

  constructor(seed = 1) {
    this.random = createDice(seed);
  }

  /** A relay that starts now, with the addresses that it is told of; its clock may be wrong. */
  add(
    name: string,
    bootstrap: readonly string[] = [],
    changes: Partial<NodeOptions> = {},
    aheadMs = 0,
  ): SimulatedRelay {
    const clock = { aheadMs };
    const wallClockMs = (): number => this.nowMs + clock.aheadMs;
    const self = createIdentity();
    const url = `wss://${name}.example`;
    const settings = {
      swarm: 'test',
      peerjsUrl: undefined,
      iceServersUrl: undefined,
      siteUrl: undefined,
      services: [],
    };
    const signer = createDescriptorSigner({ self, settings, url: () => url, wallClockMs });
    const address = addressOf(this.relays.length);
    const node = new RelayNode(
      {
        self,
        swarm: 'test',
        allowPrivate: false,
        periodMs: 10_000,
        sessionsMax: 256,
        membersMax: 20_000,
        relaysPerAddressMax: 4,
        candidatesMax: 1_000,
        dialsMax: 16,
        retryMsMax: 300_000,
        verify: verifySignature,
        isPublicHost: () => true,
        network: {
          fetchDescriptor: (origin) => this.#fetch(relay, origin),
          dial: (to, opened) => this.#dial(relay, address, to, opened),
        },
        monotonicMs: () => this.nowMs,
        wallClockMs,
        random: this.random,
        nonce: () => Array.from({ length: 64 }, () => Math.floor(this.random() * 16).toString(16)).join(''),
        log: silentLog,
        ...changes,
      },
      signer.describe(),
      signer.report('ok', 0, nothing),
    );
    const relay: SimulatedRelay = {
      name,
      url,
      node,
      signer,
      isFrozen: false,
      isDead: false,
      state: 'ok',
      load: 0,
      side: 0,
      clock,
    };
    this.relays.push(relay);
    for (const origin of bootstrap) node.addCandidate(origin, 'bootstrap');
    this.#every(1_000, relay, () => {
      if (signer.isDue(node.descriptor) || node.takeVouchedFor()) node.setDescriptor(signer.describe());
      node.tick();
    });
    this.#every(10_000, relay, () => this.report(relay));
    return relay;
  }

  report(relay: SimulatedRelay): void {
    relay.node.setHealth(relay.signer.report(relay.state, relay.load, nothing));
  }

  /** As `kill -9`: the system closes its sockets. */
  kill(relay: SimulatedRelay): void {
    relay.isDead = true;
    for (const close of this.#wiresOf(relay)) close();
  }

  /** As SIGSTOP: the sockets stay, nobody answers. */
  freeze(relay: SimulatedRelay): void {
    relay.isFrozen = true;
  }

  at(inMs: number, run: () => void): void {
    const atMs = Math.round(this.nowMs + inMs);
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.atMs > atMs) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { atMs, run }); // the next event is the last item
  }

  /** Lets time pass; promises settle between events. */
  async run(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const next = this.#events.at(-1);
      if (next === undefined || next.atMs > untilMs) break;
      this.#events.pop();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
      for (let i = 0; i < 6; i++) await Promise.resolve();
    }
    this.nowMs = untilMs;
  }

  /** Runs until it is so; the seconds that it took, or undefined where it was not so in time. */
  async runUntil(isSo: () => boolean, secondsMax: number): Promise<number | undefined> {
    const startedAtMs = this.nowMs;
    while (this.nowMs - startedAtMs < secondsMax * 1000) {
      if (isSo()) return (this.nowMs - startedAtMs) / 1000;
      await this.run(100);
    }
    return isSo() ? secondsMax : undefined;
  }

  /** Opens a wire whose other end says nothing, and goes when it is told to. */
  openSilent(opened: Opened, address: string): WireListener {
    const listener = opened({
      address,
      send: () => undefined,
      ping: () => undefined,
      close: (code) => this.at(1, () => listener.closed(code)),
    });
    return listener;
  }

  /** The names in a relay's roster. */
  roster(relay: SimulatedRelay): string[] {
    return relay.node
      .roster()
      .relays.map(({ url }) => url.slice('wss://'.length, -'.example'.length))
      .sort();
  }

  get alive(): SimulatedRelay[] {
    return this.relays.filter(({ isDead, isFrozen }) => !isDead && !isFrozen);
  }

  /** Whether every relay that lives is in every living relay's roster, and nobody else. */
  get isComplete(): boolean {
    const names = this.alive
      .map(({ name }) => name)
      .sort()
      .join();
    return this.alive.every((relay) => this.roster(relay).join() === names);
  }

  #every(ms: number, relay: SimulatedRelay, run: () => void): void {
    const again = (): void => {
      if (relay.isDead) return;
      if (!relay.isFrozen) run();
      this.at(ms, again);
    };
    this.at(this.random() * ms, again);
  }

  readonly #wires = new Map<SimulatedRelay, Set<() => void>>();
  #wiresOf(relay: SimulatedRelay): Set<() => void> {
    let wires = this.#wires.get(relay);
    if (wires === undefined) this.#wires.set(relay, (wires = new Set()));
    return wires;
  }

  #reaches(from: SimulatedRelay, to: SimulatedRelay): boolean {
    return !from.isDead && from.side === to.side;
  }

  async #fetch(from: SimulatedRelay, origin: string): Promise<SignedDescriptor> {
    const stranger = this.fetches.get(origin);
    if (stranger !== undefined) return stranger();
    const to = this.relays.find(({ url, isDead }) => url.replace('wss', 'https') === origin && !isDead);
    if (to === undefined) throw new Error('refused');
    await this.#delay(to.isFrozen || !this.#reaches(from, to) ? DIAL_MS_MAX : 2 * LATENCY_MS);
    if (to.isFrozen || to.isDead || !this.#reaches(from, to)) throw new Error('no answer');
    return to.node.descriptor;
  }

  async #dial(from: SimulatedRelay, address: string, url: string, opened: Opened): Promise<void> {
    const stranger = this.strangers.get(url);
    if (stranger !== undefined) {
      stranger(opened, from);
      return;
    }
    const to = this.relays.find((relay) => `${relay.url}/relay` === url && !relay.isDead);
    await this.#delay(2 * LATENCY_MS);
    if (to === undefined) throw new Error('refused');
    if (to.isFrozen || !this.#reaches(from, to)) {
      await this.#delay(DIAL_MS_MAX);
      throw new Error('no answer');
    }
    if (!to.node.admits(address)) throw new Error('503');
    const here: End = { host: from, listener: undefined, isClosed: false };
    const there: End = { host: to, listener: undefined, isClosed: false };
    const close = (): void => {
      this.#closed(here, 1006);
      this.#closed(there, 1006);
    };
    this.#wiresOf(from).add(close);
    this.#wiresOf(to).add(close);
    there.listener = to.node.accepted(this.#wire(there, here, address, close));
    here.listener = opened(this.#wire(here, there, addressOf(this.relays.indexOf(to)), close));
  }

  #wire(own: End, other: End, address: string, close: () => void): Wire {
    const carry = (run: () => void): void => {
      if (own.isClosed) return;
      this.at(LATENCY_MS, () => {
        const isDeaf = other.host?.isFrozen === true || other.host?.side !== own.host?.side;
        if (!other.isClosed && !isDeaf) run();
      });
    };
    return {
      address,
      send: (text) => carry(() => other.listener?.text(text)),
      ping: () => carry(() => this.at(LATENCY_MS, () => own.isClosed || own.listener?.pong())),
      close: (code) => {
        carry(() => this.#closed(other, code));
        this.at(2_000, close); // as wire.ts: gone soon after, whether the other end answers or not
        this.at(2 * LATENCY_MS, () => this.#closed(own, code));
      },
    };
  }

  #closed(end: End, code: number): void {
    if (end.isClosed) return;
    end.isClosed = true;
    if (end.host?.isDead !== true) this.at(LATENCY_MS, () => end.listener?.closed(code));
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.at(ms, resolve));
  }
}
