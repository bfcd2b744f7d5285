// A relay of an attacker's, for tests: it has a key, and tells whatever it likes.
import {
  descriptorText,
  healthText,
  type Descriptor,
  type RelayHealth,
  type RelayState,
  type SignedDescriptor,
  type SignedRelayHealth,
} from '@relay-swarm/protocol';
import { createIdentity, verifySignature, type Identity } from '../src/proof/identity.ts';
import { Session, type SessionEffect } from '../src/sessions/session.ts';
import type { Wire, WireListener } from '../src/sessions/wire.ts';
import { START_MS, type Simulation, type SimulatedRelay } from './simulation.ts';

export const DAY_MS = 86_400_000;

export function describeRelay(self: Identity, changes: Partial<Descriptor> = {}): SignedDescriptor {
  const descriptor: Descriptor = {
    id: self.id,
    swarm: 'test',
    url: 'wss://mallory.example',
    services: {},
    software: 'mallory',
    issuedAt: START_MS,
    expiresAt: START_MS + DAY_MS,
    ...changes,
  };
  return { ...descriptor, signature: self.sign(descriptorText(descriptor)) };
}

export function reportHealth(self: Identity, sequence: number, state: RelayState = 'ok'): SignedRelayHealth {
  const health: RelayHealth = {
    ...{ id: self.id, sequence, sampledAt: START_MS, state, load: 0, cpu: 0, memory: 0 },
    ...{
      receivedBytesPerSecond: 0,
      sentBytesPerSecond: 0,
      peers: 0,
      connections: 0,
      allocations: 0,
      missing: [],
    },
  };
  return { ...health, signature: self.sign(healthText(health)) };
}

/** A relay of the attacker's: it can do the handshake, and then whatever it likes. */
export class Attacker {
  readonly self = createIdentity();
  readonly received: string[] = [];
  closedWith: number | undefined;
  isProven = false;
  readonly #simulation: Simulation;
  readonly #isOlder: boolean;
  #listener: WireListener | undefined;

  /** `isOlder`: it speaks version 1, which names none. */
  constructor(simulation: Simulation, { isOlder = false } = {}) {
    this.#simulation = simulation;
    this.#isOlder = isOlder;
  }

  /** Opens a session with a relay. */
  async dial(victim: SimulatedRelay, address = '6.6.6.6'): Promise<this> {
    const session = this.#session({ id: victim.node.descriptor.id, url: victim.url });
    const wire = this.#wire((text) => {
      this.#perform(session.receive(text, this.#simulation.nowMs));
    }, address);
    this.#listener = victim.node.accepted(wire);
    this.#perform(session.open());
    await this.#simulation.run(10);
    return this;
  }

  /** Answers whoever dials the URL, or one of them alone, and may do something before. */
  answerAt(
    url: string,
    {
      before,
      address = '6.6.6.6',
      only,
    }: { before?: () => void; address?: string; only?: SimulatedRelay } = {},
  ): this {
    this.#simulation.strangers.set(`${url}/relay`, (opened, from) => {
      if (only !== undefined && from !== only) {
        this.#simulation.openSilent(opened, address);
        return;
      }
      const session = this.#session(undefined, url);
      this.#listener = opened(
        this.#wire((text) => {
          before?.();
          this.#perform(session.receive(text, this.#simulation.nowMs));
        }, address),
      );
    });
    return this;
  }

  readonly send = (text: string): void => {
    if (this.closedWith === undefined) this.#listener?.text(text);
  };

  #session(dialled: { id: string; url: string } | undefined, ownUrl = 'wss://mallory.example'): Session {
    return new Session({
      ...{ self: this.self, swarm: 'test', ownUrl, verify: verifySignature, nonce: 'ab'.repeat(32) },
      ...{ nowMs: this.#simulation.nowMs, pingMs: 5_000, pongMsMax: 3_000, silenceMsMax: 20_000 },
      ...(dialled && { dialled }),
    });
  }

  #wire(hear: (text: string) => void, address: string): Wire {
    return {
      address,
      send: (text) => {
        this.received.push(text);
        this.#simulation.at(1, () => hear(text));
      },
      ping: () => this.#simulation.at(1, () => this.#listener?.pong()),
      close: (code) => {
        this.closedWith ??= code;
        this.#simulation.at(1, () => this.#listener?.closed(code));
        this.#simulation.at(1, () => (this.#listener = undefined));
      },
    };
  }

  #perform(effects: SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'send') {
        const text = this.#isOlder ? withoutVersion(effect.text) : effect.text;
        this.#simulation.at(1, () => this.send(text));
      }
      if (effect.do === 'proven') this.isProven = true;
    }
  }
}

const withoutVersion = (text: string): string =>
  JSON.stringify({ ...(JSON.parse(text) as object), version: undefined, sessions: undefined });
