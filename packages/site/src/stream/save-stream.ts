// Saving what streams, as a file: as it comes, so that it need not fit into memory.

/**
 * In a frame: what a link with `download` asks for goes past the service worker in Chromium, and only that has the stream. The frame stays:
 * no browser tells when its download has begun, and without the frame one that has not never does.
 */
export function saveStream(address: string): void {
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = address;
  document.body.append(frame);
}
