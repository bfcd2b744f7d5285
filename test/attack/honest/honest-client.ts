// Somebody who uses a service as it is meant to be used, before, during and after an attack.
import type { Journal } from '../journal.ts';

export interface HonestClient {
  /** Does its rounds until `isOver`, and writes them down. */
  run(journal: Journal, isOver: () => boolean): Promise<void>;
}

/**
 * Rounds of a client that stays, each `pauseMs` after the last. Where its connection is lost, which is a loss, it makes a new one.
 */
export function staying<T>(
  what: string,
  pauseMs: number,
  open: () => Promise<T>,
  round: (client: T) => Promise<void>,
  close: (client: T) => void,
): HonestClient {
  return {
    run: async (journal, isOver) => {
      let client: T | undefined;
      while (!isOver()) {
        const isDone = await journal.round(what, async () => {
          client ??= await open();
          await round(client);
        });
        if (!isDone && client !== undefined) {
          close(client);
          client = undefined;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      if (client !== undefined) close(client);
    },
  };
}

/** Somebody new every `pauseMs`, each of whom connects, is served once and leaves. */
export function newcomers(pauseMs: number, visit: (visit: number) => Promise<void>): HonestClient {
  return {
    run: async (journal, isOver) => {
      for (let count = 0; !isOver(); count++) {
        await journal.round('newcomer', () => visit(count));
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    },
  };
}
