// What an attack is, and what is asked of a service under it.
import type { Environment } from '@relay-swarm/kit';

export type ServiceName = 'tracker' | 'peerjs' | 'stun' | 'gun';

/** Where the attackers find it. */
export interface Target {
  /** Of its WebSockets, or of TURN over UDP and TCP. */
  readonly port: number;
  /** Of its plain HTTP; the same but for stun. */
  readonly httpPort: number;
}

export interface Attack {
  /** Number in the table of attacks, and a letter where there are several; "v…" is a variant of our own. */
  readonly id: string;
  readonly title: string;
  readonly service: ServiceName;
  /** What is not as it ships. */
  readonly settings?: Environment;
  /** The attackers, and the honest, come through the bundle's nginx. */
  readonly isBehindNginx?: boolean;
  /** Part of the short form. */
  readonly isShort?: boolean;
  /** Goes on until its process is ended. `breach` tells what must not have been possible, `note` what was seen. */
  run(target: Target, tell: Tell): Promise<void>;
}

export interface Tell {
  breach(what: string): void;
  note(what: string): void;
}

/** Attackers' connections, and the addresses that they come from: one rented machine, or five. */
export const CONNECTIONS = 400;
export const ATTACKERS = ['127.0.1.1', '127.0.1.2', '127.0.1.3', '127.0.1.4', '127.0.1.5'] as const;
/** Honest clients that were there before, and those who come while it lasts. */
export const HONEST = '127.0.0.2';
export const NEWCOMERS = ['127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6'] as const;

export interface Bars {
  /** Of the container's limit. */
  readonly memoryShareMax: number;
  readonly honestP99MsMax: number;
  /** Honest round trips without an answer. */
  readonly lostMax: number;
  /** From the end of the attack to the last honest round trip that was slow or lost. */
  readonly recoveryMsMax: number;
}

export const BARS: Bars = {
  memoryShareMax: 0.7,
  honestP99MsMax: 250,
  lostMax: 0,
  recoveryMsMax: 2_000,
};
/**
 * Of the short form, which shares its machine with other tests and counts so few rounds that one slow one is the p99: whether the service
 * lives, within its memory, and serves again. How slow it was meanwhile is for the long form.
 */
export const SHORT_BARS: Bars = {
  memoryShareMax: 0.7,
  honestP99MsMax: 10_000,
  lostMax: 10,
  recoveryMsMax: 10_000,
};
