// What happens in a page beside what its program tells: what it throws, and which trackers answer its announces.
import type { Page } from '../../../test/support/chromium.ts';

export interface PageWatch {
  readonly thrown: string[];
  /** Replies to announces from the tracker at this URL. */
  replies(trackerUrl: string): number;
}

export function watchPage(page: Page): PageWatch {
  const thrown: string[] = [];
  const replies = new Map<string, number>();
  page.on('pageerror', (error) => thrown.push(error.message));
  page.on('websocket', (socket) => {
    const url = socket.url().replace(/\/$/, '');
    socket.on('framereceived', ({ payload }) => {
      const message = JSON.parse(payload.toString()) as Readonly<Record<string, unknown>>;
      if ('interval' in message) replies.set(url, (replies.get(url) ?? 0) + 1);
    });
  });
  return { thrown, replies: (url) => replies.get(url) ?? 0 };
}
