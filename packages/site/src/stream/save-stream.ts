// Saving what streams, as a file: as it comes, so that it need not fit into memory.
import { addAnother, removeStream } from './streams.ts';

/**
 * How long the frame stays after the last byte was handed on. No browser tells when its download has begun, and without the frame one that has
 * not never does; that it has by then is as good as sure, since the bytes went somewhere.
 */
const STAYS_MS = 60_000;

/** In a frame: what a link with `download` asks for goes past the service worker in Chromium, and only that has the stream. */
export function saveStream(address: string): void {
  const frame = document.createElement('iframe');
  const own = addAnother(address, () => {
    setTimeout(() => {
      frame.remove();
      if (own !== undefined) removeStream(own);
    }, STAYS_MS);
  });
  if (own === undefined) return; // its torrent has ended
  frame.hidden = true;
  frame.src = own;
  document.body.append(frame);
}
