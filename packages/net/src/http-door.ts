// Plain HTTP pays like everything else: an address pays for the bytes of a connection before Node parses them, in small pieces, and for each
// request before it is answered. Bytes that are not paid for are not read, so TCP slows the sender down; a connection that still owes after
// some seconds is cut. Proxies owe nothing, since they carry many clients' requests, which pay one by one. This machine itself does not
// wait at all: its health checks must be answered.
import type { Metrics } from '@relay-swarm/kit';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FEW_CONNECTIONS, type AddressAccount, type AddressBuckets } from './address-buckets.ts';
import { ShareCounts } from './admission.ts';
import { createProxyCheck } from './client-address.ts';
import { limitKey } from './ip.ts';
import { inTurn } from './turns.ts';

export interface HttpDoorOptions {
  readonly addresses: AddressBuckets;
  /** What an address pays, in messages: for each piece that comes, for so many of its bytes, and for a request. */
  readonly pieceCost: number;
  readonly bytesPerMessage: number;
  readonly requestCost: number;
  /** Open connections of one address, whatever they are for; its /48 may have several times as many. */
  readonly connectionsPerAddressMax: number;
  readonly trustedProxies: readonly string[];
  /** A connection that has waited this long is cut. */
  readonly waitMsMax?: number;
  readonly monotonicMs: () => number;
  /** Whether this turn of the event loop has lasted long enough: what a busy address sent waits for a later one. */
  readonly isTurnOver?: (nowMs: number) => boolean;
}

/** Some twenty requests: no connection can have more parsed than that while its address owes. */
const PIECE_BYTES = 4_096;
const WAIT_MS_MAX = 5_000;
/** While an address owes more than this, nothing of it is read. */
const AHEAD_MS_MAX = 100;
/** A request of an address that owes more than this is refused. */
const OWED_MS_MAX = 1_000;

const TICK_MS = 1_000;

const THIS_MACHINE: readonly string[] = ['127.0.0.1', limitKey('::1')];

const VISITOR = Symbol('visitor');
type VisitedSocket = Duplex & { [VISITOR]?: Visitor };

export class HttpDoor {
  readonly counts = { waits: 0, crowded: 0, cut: 0, refused: 0 };
  readonly options: HttpDoorOptions;
  readonly #open = new ShareCounts();
  readonly #isProxy: (address: string) => boolean;
  #tickedAtMs = 0;

  constructor(options: HttpDoorOptions) {
    this.options = options;
    this.#isProxy = createProxyCheck(options.trustedProxies);
  }

  /** Stands before whoever listens to the server's connections now: Node's parser. */
  watch(server: Server): void {
    const others = server.listeners('connection') as ((socket: Socket) => void)[];
    server.removeAllListeners('connection');
    const enter = (socket: Socket): void => {
      for (const other of others) other.call(server, socket);
      (socket as VisitedSocket)[VISITOR]?.stays(socket);
    };
    server.on('connection', (socket: VisitedSocket & Socket) => {
      if (socket[VISITOR] === undefined && !this.comes(socket)) return;
      const isNew = socket.readableFlowing === null; // otherwise somebody has looked at it, and it has waited there
      if (!isNew || !this.mustWait(socket)) enter(socket);
      else {
        socket.on('error', ignore);
        inTurn(() => {
          socket.off('error', ignore);
          if (socket.readableEnded) socket.destroy();
          else if (!socket.destroyed) enter(socket);
        });
      }
    });
  }

  /** A request pays; false where its address owes too much for it to be answered. */
  admits(addressKey: string, requestCost = this.options.requestCost): boolean {
    const isAdmitted = this.#asks(addressKey, requestCost, true);
    if (!isAdmitted) this.counts.refused++;
    return isAdmitted;
  }

  /** Whether a request may be answered before Node's server has it. Then it pays; otherwise it does so there. */
  mayComeEarly(addressKey: string): boolean {
    return this.#asks(addressKey, this.options.requestCost, false);
  }

  /** Whether the address owes little. */
  #asks(addressKey: string, cost: number, paysAlways: boolean): boolean {
    const { addresses, monotonicMs } = this.options;
    const now = monotonicMs();
    this.#tick(now);
    const account = addresses.enter(addressKey, now);
    const owesLittle = addresses.debtMs(account, now) <= OWED_MS_MAX || THIS_MACHINE.includes(addressKey);
    if (owesLittle || paysAlways) addresses.spend(account, cost, now);
    addresses.leave(addressKey);
    return owesLittle;
  }

  register(metrics: Metrics): void {
    metrics.counter(
      'http_waits_total',
      'Pieces of requests that waited for a debt, or for a turn',
      () => this.counts.waits,
    );
    metrics.counter(
      'http_refused_total',
      'Connections cut and requests refused because their address asks for too much',
      () => {
        const { crowded, cut, refused } = this.counts;
        return { address_full: crowded, address_rate: cut, request_rate: refused };
      },
      'reason',
    );
  }

  /**
   * Counts a connection when it is accepted, for whoever looks at it before Node does: one that says nothing counts as well. False where there
   * is one too many of its address, which is ended.
   */
  readonly comes = (socket: Socket): boolean => {
    const address = socket.remoteAddress;
    if (address === undefined || this.#isProxy(address)) return true;
    const key = limitKey(address);
    if (THIS_MACHINE.includes(key)) return true;
    if (this.#open.isFull(key, this.options.connectionsPerAddressMax)) {
      this.counts.crowded++;
      socket.destroy();
      return false;
    }
    this.#open.add(key);
    (socket as VisitedSocket)[VISITOR] = new Visitor(this, key);
    socket.on('close', onClose);
    return true;
  };

  /** Whether what has come must wait for a later turn of the event loop. */
  readonly mustWait = (socket: Socket): boolean => {
    const { addresses, monotonicMs, isTurnOver } = this.options;
    const key = (socket as VisitedSocket)[VISITOR]?.key;
    const isBusy =
      key === undefined
        ? this.#isProxy(socket.remoteAddress ?? '') // nobody knows yet whose it is
        : this.#open.of(key) > FEW_CONNECTIONS || addresses.isBusyKey(key);
    return isBusy && isTurnOver?.(monotonicMs()) === true;
  };

  /** Forgets addresses that owe nothing more. */
  #tick(nowMs: number): void {
    if (nowMs - this.#tickedAtMs < TICK_MS) return;
    this.#tickedAtMs = nowMs;
    this.options.addresses.tick(nowMs);
  }

  /** For a visitor. */
  left(key: string): void {
    this.#open.remove(key);
  }
}

/** A connection is no plain HTTP any more: what has come and Node has not seen, behind `head`. For whoever takes it over, once. */
export function leaveDoor(socket: Duplex, head: Buffer): Buffer {
  return (socket as VisitedSocket)[VISITOR]?.leave(head) ?? head;
}

/** What stays of a connection until it closes. */
class Visitor {
  readonly key: string;
  readonly #door: HttpDoor;
  #visit: Visit | undefined = undefined;

  constructor(door: HttpDoor, key: string) {
    this.#door = door;
    this.key = key;
  }

  /** Node's parser has it. */
  stays(socket: Socket): void {
    this.#visit = new Visit(this.#door, socket, this.key);
  }

  leave(head: Buffer): Buffer {
    const unseen = this.#visit?.end();
    this.#visit = undefined;
    return unseen === undefined ? head : Buffer.concat([head, unseen]);
  }

  closed(): void {
    this.#visit?.end();
    this.#door.left(this.key);
  }
}

/** It breaks while it waits to be looked at. */
function ignore(): void {}

/** One function for all connections: a closure for each would cost memory. */
function onClose(this: VisitedSocket): void {
  this[VISITOR]!.closed();
}

/** A connection as long as it is plain HTTP. Stands between its stream and Node's parser. */
class Visit {
  readonly #door: HttpDoor;
  readonly #socket: Socket;
  readonly #key: string;
  readonly #account: AddressAccount;
  /** Node's own listener. */
  readonly #parse: (chunk: Buffer) => void;
  /** What stands behind the piece that is being looked at. */
  #behind: Buffer | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  /** Waiting bytes are paid for already, and read once earlier debt is paid, so that each connection of an address has its turn. */
  #isPaidAhead = false;
  #isOver = false;

  constructor(door: HttpDoor, socket: Socket, key: string) {
    const { addresses, monotonicMs } = door.options;
    this.#door = door;
    this.#socket = socket;
    this.#key = key;
    this.#account = addresses.enter(key, monotonicMs());
    const [parse] = socket.listeners('data');
    this.#parse = parse as (chunk: Buffer) => void;
    socket.removeListener('data', this.#parse);
    socket.on('data', this.#read); // from now on Node reads through the stream, and not past it
  }

  /** Returns what Node has not seen. */
  end(): Buffer | undefined {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#socket.removeListener('data', this.#read);
    this.#door.options.addresses.leave(this.#key);
    return this.#behind?.length === 0 ? undefined : this.#behind;
  }

  readonly #read = (chunk: Buffer): void => {
    const socket = this.#socket;
    for (let at = 0; at < chunk.length;) {
      const piece = chunk.subarray(at, at + PIECE_BYTES);
      if (!this.#pays(piece.length)) {
        socket.pause();
        socket.unshift(chunk.subarray(at));
        return;
      }
      at += piece.length;
      this.#behind = chunk.subarray(at);
      this.#parse.call(socket, piece);
      if (this.#isOver || socket.destroyed) return;
      if (socket.isPaused()) {
        if (at < chunk.length) socket.unshift(chunk.subarray(at)); // Node has stopped reading for now
        return;
      }
    }
  };

  #pays(bytes: number): boolean {
    if (this.#timer !== undefined) return false; // Node has resumed it, but it must still wait
    const { addresses, pieceCost, bytesPerMessage, monotonicMs, isTurnOver } = this.#door.options;
    const now = monotonicMs();
    const owedMs = addresses.debtMs(this.#account, now);
    if (this.#isPaidAhead) {
      // Requests on other connections of its address have cost more than their bytes
      const lateMs = owedMs - AHEAD_MS_MAX;
      if (lateMs > 0) this.#wait(lateMs);
      else this.#isPaidAhead = false;
      return lateMs <= 0;
    }
    addresses.spend(this.#account, pieceCost + bytes / bytesPerMessage, now);
    const mustWait = owedMs > 0 || (addresses.isBusy(this.#account) && isTurnOver?.(now) === true);
    if (mustWait) this.#wait(owedMs);
    return !mustWait;
  }

  #wait(milliseconds: number): void {
    const { counts, options } = this.#door;
    const { waitMsMax = WAIT_MS_MAX } = options;
    counts.waits++;
    this.#timer = setTimeout(
      () =>
        inTurn(() => {
          this.#timer = undefined;
          this.#isPaidAhead = true;
          if (this.#isOver) return;
          if (milliseconds <= waitMsMax) this.#socket.resume();
          else {
            counts.cut++;
            this.#socket.destroy();
          }
        }),
      Math.min(milliseconds, waitMsMax),
    ).unref();
  }
}
