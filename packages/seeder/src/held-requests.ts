// Blocks are read from the disk as their peer takes them. WebTorrent reads whatever is asked for at once and keeps it until it is sent, so one
// peer that asks for a whole film and reads nothing would fill the memory of the machine.

/** As WebTorrent answers a request: with an error it is rejected (BEP 6). */
type Respond = (error: Error | null, block?: Uint8Array) => void;

/** What it needs of WebTorrent's connection to a peer. */
export interface HeldWire {
  readonly destroyed: boolean;
  readonly _readableState: { readonly buffered: number };
  emit(name: string, ...args: unknown[]): boolean;
}

export interface HeldOptions {
  /** Bytes that are read for this peer and not sent yet; what is asked for beyond waits. */
  readonly unsentMax: number;
}

/** A peer on a fast line asks for a second ahead, 16 KiB each: these are 134 MB a second. */
const REQUESTS_MAX = 8_192;
const LOOK_MS = 10;

/** From now on this peer's requests wait for their turn. To be called before the library listens to it. */
export function holdRequests(wire: HeldWire, { unsentMax }: HeldOptions): void {
  const waiting: { readonly bytes: number; readonly read: () => void }[] = [];
  /** Asked of the disk and not answered yet. */
  let reading = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const unsent = (): number => reading + wire._readableState.buffered;
  const work = (): void => {
    timer = undefined;
    if (wire.destroyed) return void waiting.splice(0);
    for (let next = waiting[0]; next !== undefined && unsent() < unsentMax; next = waiting[0]) {
      waiting.shift();
      reading += next.bytes;
      next.read();
    }
    if (waiting.length > 0) timer = setTimeout(work, LOOK_MS);
  };

  const emit = wire.emit.bind(wire);
  wire.emit = (name: string, ...args: unknown[]): boolean => {
    if (name !== 'request') return emit(name, ...args);
    const [index, offset, bytes, respond] = args as [number, number, number, Respond];
    if (waiting.length >= REQUESTS_MAX) {
      respond(new Error(`More than ${REQUESTS_MAX} requests wait already`));
      return true;
    }
    const answer: Respond = (error, block) => {
      reading -= bytes;
      respond(error, block);
    };
    waiting.push({ bytes, read: () => emit('request', index, offset, bytes, answer) });
    if (timer === undefined) work();
    return true;
  };
}
