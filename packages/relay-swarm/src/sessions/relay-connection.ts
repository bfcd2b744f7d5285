// One open socket between two relays with the conversation on it. Pure: the wire is passed in.
import { encodeRelayMessage, type RelayMessage, type RelayRecord } from '@relay-swarm/protocol';
import type { NodeCounters } from '../counters.ts';
import type { MembershipPeer } from '../membership/membership.ts';
import type { Session, SessionEffect } from './session.ts';
import type { Wire } from './wire.ts';

export class RelayConnection {
  readonly session: Session;
  readonly address: string;
  /** Where we dialled it; undefined where it dialled us. */
  readonly url: string | undefined;
  /** Whom we visit; undefined where it is no visit of ours. */
  readonly visit: RelayRecord | undefined;
  readonly #wire: Wire;
  readonly #counters: NodeCounters;
  #id: string | undefined;
  #peer: MembershipPeer | undefined;
  #provenAtMs = 0;

  constructor(
    session: Session,
    wire: Wire,
    url: string | undefined,
    counters: NodeCounters,
    visit?: RelayRecord,
  ) {
    this.visit = visit;
    this.session = session;
    this.address = wire.address;
    this.url = url;
    this.#wire = wire;
    this.#counters = counters;
  }

  /** The relay at the other end, once it has proven its key. */
  get id(): string | undefined {
    return this.#id;
  }
  get provenAtMs(): number {
    return this.#provenAtMs;
  }

  /** The other end as the table of all relays knows it, once it has proven its key. */
  get peer(): MembershipPeer | undefined {
    return this.#peer;
  }

  prove(id: string, nowMs: number, isVisit: boolean): void {
    this.#peer = { id, isVisit, send: (message) => this.send(message) };
    this.#id = id;
    this.#provenAtMs = nowMs;
  }

  send(message: RelayMessage): void {
    this.sendText(encodeRelayMessage(message));
  }

  sendText(text: string): void {
    this.#counters.framesSent++;
    this.#counters.bytesSent += text.length;
    this.#wire.send(text);
  }

  /** Carries out the effects that concern the socket; the others are for the node. */
  perform(effect: SessionEffect): void {
    if (effect.do === 'send') this.sendText(effect.text);
    else if (effect.do === 'ping') this.#wire.ping();
    else if (effect.do === 'close') this.#wire.close(effect.code, effect.reason);
  }

  close(code: number, reason: string): void {
    this.session.end();
    this.#wire.close(code, reason);
  }
}
