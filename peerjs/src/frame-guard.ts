// What a connected client may send, and how much: every frame is paid for and checked before `peer` acts on it.
import { type Log } from '@relay-swarm/kit';
import { debtMs, spendTokens, type Rate } from '@relay-swarm/net';
import type { CloseRefusalCode } from '@relay-swarm/protocol/refusals';
import type { AbsentPeers } from './absent.ts';
import type { Counters } from './counters.ts';
import { countValues, findFault, isHeartbeat, type FrameFault, type Relayed } from './frame.ts';
import type { ClientSocket } from './socket.ts';
import type { World } from './world.ts';

export interface FrameLimits {
  readonly idCharsMax: number;
  readonly faultsMax: number;
  readonly messages: Rate;
  /** Of all sockets of one address together. */
  readonly messagesPerAddress: Rate;
  /** What may wait for a receiver before others' messages to it are refused. */
  readonly waitingBytesMax: number;
}

export interface FrameGuardOptions {
  readonly limits: FrameLimits;
  readonly absent: AbsentPeers;
  /** Who has the id now. */
  readonly find: (id: string) => { readonly waitingBytes: number } | undefined;
  /** Closes the socket for something that its client did. */
  readonly end: (socket: ClientSocket, reason: CloseRefusalCode, message?: string) => void;
  /** Closes the socket for a fault of ours. */
  readonly fail: (socket: ClientSocket) => void;
  readonly counters: Counters;
  readonly log: Log;
  readonly world: World;
}

/** A frame costs one message, and one more for each of these. */
const BYTES_PER_MESSAGE = 4096;
/** What each value in a payload counts beside its text: that much memory `{}` takes when it was read (measured: 64, with a key 92). */
const BYTES_PER_VALUE = 96;
/** What a frame costs that goes no further, beside its own price. */
const FAULT_COST = 9;
/** Of a destination that we repeat to the sender. */
const DESTINATION_CHARS_MAX = 256;
/** Thrown at `peer`, so that it leaves the message alone. Made once: a flood of faults must not cost a stack trace each. */
const REFUSED = new Error('refused');

type Fault = FrameFault | 'binary' | 'not_json';
/** Why a message could not be taken though its sender has done nothing wrong. */
type Hindrance = 'queue_full' | 'receiver_slow';

export class FrameGuard {
  readonly #options: FrameGuardOptions;
  /** Whose frame `peer` is working on, and how long it is: `peer` does so without interruption. */
  #speaker!: ClientSocket;
  #spokenBytes = 0;
  /** Whether `peer` could make a message of it. */
  #isRead = false;

  constructor(options: FrameGuardOptions) {
    this.#options = options;
  }

  /** Whether `peer` may read the frame; it then asks `look()` what to make of it. */
  admits(socket: ClientSocket, frame: Buffer, isBinary: boolean): boolean {
    if (!socket.isOpen) return false; // replaced or being closed: its id may be another's by now
    const { counters, world } = this.#options;
    counters.framesIn++;
    socket.heardAtMs = world.nowMs();
    if (!this.#pays(socket, 1 + frame.length / BYTES_PER_MESSAGE)) return false;
    if (isBinary) return (this.#blame(socket, 'binary'), false);
    if (isHeartbeat(frame)) {
      counters.heartbeats++;
      return false; // it only tells that the client lives, and we know now
    }
    this.#speaker = socket;
    this.#spokenBytes = frame.length;
    this.#isRead = false;
    return true;
  }

  /** Pings and pongs are paid for too, but not a pong that we have asked for. */
  admitsControl(socket: ClientSocket, isAskedFor: boolean): boolean {
    if (!socket.isOpen) return false;
    socket.heardAtMs = this.#options.world.nowMs();
    return isAskedFor || this.#pays(socket, 1);
  }

  debtMs(socket: ClientSocket): number {
    const { limits, world } = this.#options;
    const nowMs = world.nowMs();
    return Math.max(
      debtMs(spendTokens(socket, limits.messages, 0, nowMs), limits.messages),
      debtMs(
        spendTokens(socket.caller.messages, limits.messagesPerAddress, 0, nowMs),
        limits.messagesPerAddress,
      ),
    );
  }

  /** Called by `peer` with what it has read from the speaker's frame. Throws what is to go no further. */
  look(message: unknown): void {
    this.#isRead = true;
    const { limits, absent, find, counters, world } = this.#options;
    const fault = findFault(message, limits.idCharsMax);
    if (fault !== undefined) {
      this.#blame(this.#speaker, fault);
      this.#refuse(fault === 'bad_destination', Object(message) as Partial<Relayed>);
    }
    const { type, dst, payload } = message as Relayed | { type: 'HEARTBEAT'; dst?: never; payload?: never };
    if (type === 'HEARTBEAT') return;
    const valueBytes = countValues(payload) * BYTES_PER_VALUE;
    if (!this.#pays(this.#speaker, valueBytes / BYTES_PER_MESSAGE)) throw REFUSED;
    const receiver = find(dst);
    if (receiver) {
      if (receiver.waitingBytes > limits.waitingBytesMax) this.#hinder('receiver_slow', { type, dst });
      counters.framesOut++;
    } else if (type !== 'LEAVE' && !absent.admit(dst, this.#spokenBytes + valueBytes, world.nowMs())) {
      this.#hinder('queue_full', { type, dst });
    }
  }

  /** Called by `peer` with what went wrong with the frame: our own refusal, no JSON object in it, or a bug. */
  failed(error: unknown): void {
    if (error === REFUSED) return;
    if (!this.#isRead) {
      this.#blame(this.#speaker, 'not_json');
      return;
    }
    this.#options.log.error('bug: a frame could not be handled', { error });
    this.#options.fail(this.#speaker);
  }

  /** An eager client waits; one that is a whole burst in debt is no client. False where it has been closed. */
  #pays(socket: ClientSocket, cost: number): boolean {
    const { limits, counters, end } = this.#options;
    const left = spendTokens(socket, limits.messages, cost, socket.heardAtMs);
    const leftOfAddress = spendTokens(
      socket.caller.messages,
      limits.messagesPerAddress,
      cost,
      socket.heardAtMs,
    );
    if (left >= 0 && leftOfAddress >= 0) return true;
    if (left <= -limits.messages.burst) {
      end(socket, 'message_rate');
      return false;
    }
    if (!socket.isResting) counters.rests++;
    socket.rest(this.debtMs(socket));
    return true;
  }

  /** Others may have filled the place, so this is dear, but no fault: nobody is closed for it. */
  #hinder(reason: Hindrance, message: Partial<Relayed>): never {
    this.#options.counters.refusedFrames.add(reason);
    this.#pays(this.#speaker, FAULT_COST);
    this.#refuse(true, message);
  }

  #refuse(isUndeliverable: boolean, { type, dst }: Partial<Relayed>): never {
    const isNamed = typeof dst === 'string' && dst.length <= DESTINATION_CHARS_MAX;
    if (type === 'OFFER' && isUndeliverable && isNamed) {
      // What cannot be delivered is told at once, in the words that `peer` would use seconds later.
      this.#speaker.send(JSON.stringify({ type: 'EXPIRE', src: dst, dst: this.#speaker.id }));
    }
    throw REFUSED;
  }

  #blame(socket: ClientSocket, reason: Fault): void {
    const { limits, counters, log, end } = this.#options;
    counters.refusedFrames.add(reason);
    if (log.isDebug) log.debug('frame refused', { reason, id: socket.id });
    if (++socket.faults > limits.faultsMax)
      end(socket, 'too_many_faults', `too many faults, the last: ${reason}`);
    else this.#pays(socket, FAULT_COST);
  }
}
