// One WebSocket to one relay that opens itself again, and that notices within 3 s when nobody is at the other end any more.
// Browsers cannot send WebSocket pings, so this one asks for a scrape of nothing (PROTOCOL.md), which every relay answers at once.
import { TypedEvents } from './typed-events.ts';

/** A sign of life is asked for this often, and must come this soon: so a relay that freezes is noticed after 2.5 s at most. */
export const PING_MS = 1_000;
export const ANSWER_MS = 1_500;
/** An upgrade that takes longer has failed. */
export const OPEN_MS = 2_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 15_000;
/** A relay that was down counts as up again when it has stayed for so long. */
export const SETTLE_MS = 3_000;
/** A timer that is later than this tells that the page or the machine has slept, not the relay. */
const SLEPT_MS = 1_000;
const PING = '{"action":"scrape","info_hash":[]}';
const SERVICE_RESTART = 1012; // what a relay that stops closes with (RFC 6455 registry)

/** Why a relay is down: no connection; closed without a reason; about to stop; connected but silent. */
export type DownReason = 'unreachable' | 'closed' | 'draining' | 'silent';

export interface RelaySocketEvents {
  /** Open. Whoever has state at the relay sends it now. */
  open: undefined;
  /** Was down, and has been open for SETTLE_MS. */
  up: undefined;
  /** On every attempt that fails. */
  down: { readonly reason: DownReason };
  message: { readonly text: string };
  /** A ping was answered. */
  pong: { readonly ms: number };
}

export type SocketLike = Pick<WebSocket, 'send' | 'close' | 'readyState'> & {
  onopen: (() => void) | null;
  onerror?: (() => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
};

export interface SocketPorts {
  readonly open: (url: string) => SocketLike;
  readonly after: (ms: number, run: () => void) => () => void;
  readonly now: () => number;
  readonly random: () => number;
}

export class RelaySocket extends TypedEvents<RelaySocketEvents> {
  readonly url: string;
  readonly #ports: SocketPorts;
  readonly #cancels = new Set<() => void>();
  #socket: SocketLike | undefined;
  #failures = 0;
  #isOpen = false;
  #isClosed = false;
  /** Ports' time of the ping that nothing has come after. */
  #pingedAtMs: number | undefined;

  constructor(url: string, ports: SocketPorts) {
    super();
    this.url = url;
    this.#ports = ports;
    this.#open();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether it went to the relay; where it did not, send everything again at the next `open`. */
  send(text: string): boolean {
    if (!this.#isOpen) return false;
    this.#socket?.send(text);
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** Tries at once instead of at the end of the wait: the network is back. */
  retry(): void {
    if (this.#isClosed || this.#socket !== undefined) return;
    this.#drop();
    this.#open();
  }

  #open(): void {
    const socket = this.#ports.open(this.url);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onerror = () => undefined; // close follows; ws for Node throws where nobody listens, also after #drop()
    socket.onclose = ({ code }) =>
      this.#failed(code === SERVICE_RESTART ? 'draining' : this.#isOpen ? 'closed' : 'unreachable');
    socket.onmessage = ({ data }) => {
      this.#alive();
      if (typeof data === 'string') this.emit('message', { text: data });
    };
    this.#after(OPEN_MS, (isLate) => {
      if (this.#isOpen) return;
      if (isLate) this.#restart();
      else this.#failed('unreachable');
    });
  }

  #opened(): void {
    this.#cancelAll();
    this.#isOpen = true;
    this.#after(SETTLE_MS, () => {
      const wasDown = this.#failures > 0;
      this.#failures = 0;
      if (wasDown) this.emit('up', undefined);
    });
    this.#ping();
    this.emit('open', undefined);
  }

  #alive(): void {
    if (this.#pingedAtMs === undefined) return;
    const ms = this.#ports.now() - this.#pingedAtMs;
    this.#pingedAtMs = undefined;
    this.emit('pong', { ms });
    this.#after(PING_MS, () => this.#ping());
  }

  /** The next one goes out PING_MS after the answer to this one. */
  #ping(): void {
    const atMs = this.#ports.now();
    this.#pingedAtMs = atMs;
    this.#after(ANSWER_MS, (isLate) => {
      if (this.#pingedAtMs !== atMs) return;
      if (isLate)
        this.#ping(); // the answer may lie unread in the queue: ask once more
      else this.#failed('silent');
    });
    this.#socket?.send(PING);
  }

  #failed(reason: DownReason): void {
    this.#drop();
    this.#failures += 1;
    const most = Math.min(RETRY_MS_MIN * 2 ** (this.#failures - 1), RETRY_MS_MAX);
    this.#after(most * (0.5 + this.#ports.random() / 2), () => this.#open());
    this.emit('down', { reason });
  }

  #restart(): void {
    this.#drop();
    this.#open();
  }

  #drop(): void {
    this.#cancelAll();
    this.#isOpen = false;
    this.#pingedAtMs = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  #after(ms: number, run: (isLate: boolean) => void): void {
    const dueAtMs = this.#ports.now() + ms;
    const cancel = this.#ports.after(ms, () => {
      this.#cancels.delete(cancel);
      run(this.#ports.now() - dueAtMs > SLEPT_MS);
    });
    this.#cancels.add(cancel);
  }

  #cancelAll(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
