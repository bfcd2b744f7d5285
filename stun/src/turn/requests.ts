// What all request handlers share: their arguments, their results, and lifetimes. Pure.
import type { TurnEngineOptions } from '../engine.ts';
import type { PeerPolicy } from './peer-policy.ts';
import type { AllocationTable } from './allocation-table.ts';
import type { Authenticated } from '../auth/authenticator.ts';
import type { MessageReader } from '../stun/message-reader.ts';
import type { MessageWriter } from '../stun/message-writer.ts';
import { ATTRIBUTE, METHOD, type ErrorCode } from '../stun/constants.ts';
import type { Client } from './allocation.ts';

export interface Request {
  readonly message: MessageReader;
  readonly client: Client;
  readonly who: Authenticated;
  readonly nowMs: number;
}

export interface Server {
  readonly options: TurnEngineOptions;
  readonly table: AllocationTable;
  readonly mayReach: PeerPolicy;
}

/** An error's code; or what to write into the success response; or a whole response that was sent before. */
export type RequestOutcome = ErrorCode | ((response: MessageWriter) => void) | Buffer;
export type Handler = (server: Server, request: Request) => RequestOutcome;

/**
 * Whether a credential has expired for this request: at its expiry for an Allocate, and a grace period later for a Refresh, so that a
 * name does not hold its allocations for ever. An existing allocation lasts until its own end, and may be ended at any time.
 */
export function isTooOld(
  { expiresInMs }: Authenticated,
  message: MessageReader,
  hasAllocation: boolean,
  graceMs: number,
): boolean {
  if (message.method === METHOD.allocate) return expiresInMs <= 0 && !hasAllocation;
  const isEnd = message.number(ATTRIBUTE.lifetime, 4) === 0;
  return message.method === METHOD.refresh && !isEnd && expiresInMs + graceMs <= 0;
}

/** RFC 8656 §7.2 and §8.2: no less than the default, no more than the maximum. Undefined: malformed. */
export function lifetimeMs(server: Server, message: MessageReader): number | undefined {
  const { allocationSecondsDefault, allocationSecondsMax } = server.options.lifetimes;
  if (!message.has(ATTRIBUTE.lifetime)) return allocationSecondsDefault * 1000;
  const seconds = message.number(ATTRIBUTE.lifetime, 4);
  if (seconds === undefined) return undefined;
  return Math.max(allocationSecondsDefault, Math.min(seconds, allocationSecondsMax)) * 1000;
}
