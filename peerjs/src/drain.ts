// Closes sockets before a stop, spread out, so that their clients do not all come back in the same moment.

export interface Drainable {
  terminate(): void;
}

const SLICE_MS = 50;
/** How long clients have to answer the close before their sockets are cut. */
const ANSWER_MS = 1_000;

/** Resolves when none is left: `sockets` lists those that are not closed. */
export async function drain<T extends Drainable>(
  sockets: () => Iterable<T>,
  spreadMs: number,
  close: (socket: T) => void,
): Promise<void> {
  const all = [...sockets()];
  const slices = Math.max(1, Math.min(all.length, Math.floor(spreadMs / SLICE_MS)));
  const perSlice = Math.ceil(all.length / slices);
  for (let at = 0; at < all.length; at += perSlice) {
    for (const socket of all.slice(at, at + perSlice)) close(socket);
    if (at + perSlice < all.length) await wait(SLICE_MS);
  }
  const isAnyLeft = (): boolean => [...sockets()].length > 0;
  for (let waitedMs = 0; waitedMs < ANSWER_MS && isAnyLeft(); waitedMs += SLICE_MS) await wait(SLICE_MS);
  for (const socket of sockets()) socket.terminate();
}

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
