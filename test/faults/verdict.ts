// What users noticed of a fault. Pure: from what they wrote down.
import { figuresOf, type Round } from '../attack/journal.ts';
import { USER_KINDS, type Fault, type UserKind } from './fault.ts';

/** A round trip that takes longer was noticed. */
export const SLOW_MS = 2_000;

export interface Noticed {
  readonly kind: UserKind;
  readonly rounds: number;
  readonly lost: number;
  readonly p99Ms: number;
  /** From the fault's begin to the end of the last round that was lost or slow; 0 where nothing was noticed. */
  readonly awayMs: number;
  /** The same from the fault's end. */
  readonly awayAfterMs: number;
  /** Why rounds were lost, each reason once. */
  readonly reasons: readonly string[];
}

export interface Span {
  readonly beganMs: number;
  readonly endedMs: number;
  /** When everybody stopped looking. */
  readonly seenMs: number;
}

export type Rounds = Readonly<Record<UserKind, readonly Round[]>>;

export function noticedBy(kind: UserKind, all: readonly Round[], span: Span): Noticed {
  const { beganMs, endedMs, seenMs } = span;
  const rounds = all.filter(
    ({ startedAtMs, tookMs }) => startedAtMs + tookMs >= beganMs && startedAtMs < seenMs,
  );
  const bad = rounds.filter(({ lost, tookMs }) => lost !== undefined || tookMs > SLOW_MS);
  const lastMs = Math.max(0, ...bad.map(({ startedAtMs, tookMs }) => startedAtMs + tookMs));
  const { lost, p99Ms } = figuresOf(rounds, 0, Infinity);
  return {
    kind,
    rounds: rounds.length,
    lost,
    p99Ms,
    awayMs: Math.max(0, lastMs - beganMs),
    awayAfterMs: Math.max(0, lastMs - endedMs),
    reasons: [...new Set(bad.flatMap(({ lost: reason }) => reason ?? []))],
  };
}

/** What went wrong; empty where nobody noticed more than the fault allows. */
export function faultsOf(fault: Fault, noticed: readonly Noticed[]): string[] {
  return noticed.flatMap(({ kind, rounds, lost, awayMs, awayAfterMs, reasons }) => {
    const max = fault.awayMsMax[kind];
    if (rounds === 0) return [`${kind}: nobody was there`];
    if (max === undefined)
      return lost > 0 || awayMs > 0
        ? [
            `${kind} is not concerned: found ${lost} of ${rounds} lost, ${seconds(awayMs)} away (${reasons.join('; ')})`,
          ]
        : [];
    return awayAfterMs > max
      ? [
          `${kind}: found ${seconds(awayAfterMs)} away after its end, wanted at most ${seconds(max)} (${reasons.join('; ')})`,
        ]
      : [];
  });
}

export const noticedByAll = (rounds: Rounds, span: Span): Noticed[] =>
  USER_KINDS.map((kind) => noticedBy(kind, rounds[kind], span));

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
