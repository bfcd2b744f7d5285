// What has to be done regularly, as a part that starts and stops.
import type { Part } from '@relay-swarm/kit';

export function createTicks(name: string, everyMs: number, tick: (nowMs: number) => void): Part {
  let timer: NodeJS.Timeout | undefined;
  return {
    name,
    start: () => {
      timer = setInterval(() => tick(performance.now()), everyMs);
      return Promise.resolve();
    },
    stop: () => {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
