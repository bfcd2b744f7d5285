// What the service and its workers say to each other over the channel that Node gives a child process. Words only.
import type { LogLevel } from '@relay-swarm/kit';
import type { Arrangement } from '../listeners/listeners.ts';
import type { ListeningAddress, TlsFiles, TurnStats } from '../engine.ts';
import type { PublicAddress } from '../public-address.ts';
import type { StunSettings } from '../settings.ts';
import type { CountChange } from './ledger.ts';
import type { PortRange } from './shares.ts';
import type { Sibling } from './sibling-link.ts';

/** A worker is the program of the service with this and its number as argument. */
export const WORKER_ARGUMENT = 'worker-';

export interface WorkerStart {
  readonly settings: StunSettings;
  readonly workers: number;
  /** Port 0 is found by the first worker. */
  readonly ports: { readonly udp: number; readonly tcp: number; readonly tls: number };
  readonly relayPorts: PortRange;
  readonly address: PublicAddress;
  readonly tlsFiles: TlsFiles | undefined;
  readonly secrets: readonly string[];
  readonly nonceKey: Uint8Array;
  readonly budgetBytes: number;
  readonly own: readonly string[];
  readonly counts: readonly CountChange[];
  readonly isDebug: boolean;
}

export interface BudgetNow {
  readonly bytes: number;
  readonly isTight: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

export type ToWorker =
  | { readonly kind: 'start'; readonly start: WorkerStart }
  | { readonly kind: 'siblings'; readonly siblings: readonly Sibling[] }
  | { readonly kind: 'counts'; readonly changes: readonly CountChange[] }
  | { readonly kind: 'look'; readonly own: readonly string[] }
  | { readonly kind: 'arrange'; readonly what: Arrangement }
  | { readonly kind: 'tls'; readonly files: TlsFiles }
  | { readonly kind: 'secrets'; readonly secrets: readonly string[] }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'started'; readonly linkPort: number }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'looked' }
  | { readonly kind: 'arranged' }
  | { readonly kind: 'counts'; readonly changes: readonly CountChange[] }
  | {
      readonly kind: 'stats';
      readonly stats: TurnStats;
      readonly listening: readonly ListeningAddress[];
      readonly budget: BudgetNow;
    }
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };
