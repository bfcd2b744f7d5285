// What is done to the running bundle, and what its users may notice of it.
import type { Bundle, Service } from './bundle.ts';

/** Everybody who uses the bundle all the while. */
export const USER_KINDS = ['pages', 'tracker', 'peerjs', 'turn', 'gun', 'mesh'] as const;
export type UserKind = (typeof USER_KINDS)[number];

export interface Fault {
  readonly id: string;
  /** In words, for the table. */
  readonly what: string;
  /** Who may notice, and for how many milliseconds after the fault has ended; whoever is not named must lose nothing. */
  readonly awayMsMax: Readonly<Partial<Record<UserKind, number>>>;
  /** Whose memory and sockets are gone with it; whatever else was acknowledged must outlive it. */
  readonly ends?: readonly Service[];
  /** Whose sockets it may cost, while their memory stays. */
  readonly cuts?: readonly Service[];
  /** One of the few that also run in CI. */
  readonly isShort?: boolean;
  /** Why it cannot be tried here; undefined where it can. */
  readonly missing?: (bundle: Bundle) => string | undefined;
  /** Does it, and resolves once it is over: a killed service at once, a frozen one when it runs again. */
  readonly run: (bundle: Bundle) => Promise<void>;
  /** More that must hold afterwards; throws where it does not. */
  readonly after?: (bundle: Bundle) => Promise<void>;
}
