// Saving what streams, as a file: as it comes, so that it need not fit into memory.

let frame: HTMLIFrameElement | undefined;

/** In a frame: what a link with `download` asks for goes past the service worker in Chromium, and only that has the stream. */
export function saveStream(address: string): void {
  frame?.remove();
  frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = address;
  document.body.append(frame);
}
