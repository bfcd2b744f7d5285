// What is held for clients, counted in one budget: messages that are not whole, and what waits for slow readers.
import { Intake, type BudgetRefusal, type ByteBudget, type IntakeSocket } from '@relay-swarm/net';

/** From the first piece of a message to its last one. */
const UNFINISHED_MS_MAX = 30_000;

/** A socket that can be told why it ends. */
export interface Endable extends IntakeSocket {
  endFor(reason: BudgetRefusal | 'unfinished_message'): void;
}

export interface ClientMemory {
  readonly budget: ByteBudget;
  readonly intake: Intake;
}

export const createClientMemory = (budget: ByteBudget, nowMs: () => number): ClientMemory => ({
  budget,
  intake: new Intake({
    nowMs,
    unfinishedMsMax: UNFINISHED_MS_MAX,
    end: (socket, reason) => (socket as Endable).endFor(reason),
  }),
});
