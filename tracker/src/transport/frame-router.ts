// What a connection may send: takes each frame in, keeps to the rates, and hands it to the protocol that the first frame chose.
import { newBucket, spendTokens, takeToken, type Rate } from '@relay-swarm/net';
import { isUtf8 } from 'node:buffer';
import type { Connection } from './connection.ts';
import { Graffiti } from '../frontends/graffiti/graffiti.ts';
import type { Keeper } from './keepalive.ts';
import type { WebTorrent } from '../frontends/webtorrent/webtorrent.ts';

export interface ReceiverOptions {
  readonly webTorrent: WebTorrent;
  readonly graffiti: Graffiti;
  readonly keeper: Keeper;
  readonly announces: Rate;
  readonly messages: Rate;
  /** Frames that cannot be read or that come too fast; a connection that has used these up is closed. */
  readonly faults: Rate;
}

/** A Graffiti handshake is far shorter. */
const FIRST_FRAME_BYTES_MAX = 1024;
/** What an honest client may have sent before our close frame reached it. */
const LATE_FRAMES_MAX = 100;
/** So many pushes cost as much as one message. */
const PUSHES_PER_TOKEN = 50;

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly counts = { framesIn: 0, tooManyMessages: 0, tooManyAnnounces: 0, closedForFaults: 0 };

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  receive(connection: Connection, frame: Buffer, isBinary: boolean, nowMs: number): void {
    this.counts.framesIn++;
    if (!connection.isOpen) {
      // It was told to close. A flood would otherwise go on until the closing handshake times out.
      if (++connection.lateFrames > LATE_FRAMES_MAX) connection.terminate();
      return;
    }
    connection.isAlive();
    connection.lastFrameMs = nowMs;
    const { messages } = this.#options;
    if (!takeToken((connection.messageBucket ??= newBucket(messages, nowMs)), messages, nowMs)) {
      this.counts.tooManyMessages++;
      this.#fault(connection, nowMs, 'Too many messages in a short time');
    } else if (isBinary && !isUtf8(frame)) {
      this.#fault(connection, nowMs, 'Binary message that is not UTF-8');
    } else if (connection.protocol === undefined) {
      this.#first(connection, frame, nowMs);
    } else this.#next(connection, frame, nowMs);
  }

  closed(connection: Connection): void {
    if (typeof connection.protocol === 'object') connection.protocol.closed();
  }

  #first(connection: Connection, frame: Buffer, nowMs: number): void {
    this.#options.keeper.hasSpoken(connection);
    const text = frame.length <= FIRST_FRAME_BYTES_MAX ? frame.toString('utf8') : '';
    if (Graffiti.isFirstFrame(text)) connection.protocol = this.#options.graffiti.open(connection, text);
    else {
      connection.protocol = 'webtorrent';
      this.#next(connection, frame, nowMs);
    }
  }

  #next(connection: Connection, frame: Buffer, nowMs: number): void {
    const { webTorrent, messages } = this.#options;
    if (connection.protocol === 'webtorrent') {
      const outcome = webTorrent.handle(connection, frame, nowMs, () => this.#mayAnnounce(connection, nowMs));
      if (outcome === 'malformed')
        this.#fault(connection, nowMs, 'Too many messages that are not JSON objects');
    } else {
      const pushes = connection.protocol!.handle(frame.toString('utf8'));
      if (pushes > PUSHES_PER_TOKEN)
        spendTokens(connection.messageBucket!, messages, pushes / PUSHES_PER_TOKEN, nowMs);
    }
  }

  #mayAnnounce(connection: Connection, nowMs: number): boolean {
    const { announces } = this.#options;
    const may = takeToken((connection.announceBucket ??= newBucket(announces, nowMs)), announces, nowMs);
    if (!may) this.counts.tooManyAnnounces++;
    return may;
  }

  #fault(connection: Connection, nowMs: number, reason: string): void {
    const { faults } = this.#options;
    if (takeToken((connection.faultBucket ??= newBucket(faults, nowMs)), faults, nowMs)) return;
    this.counts.closedForFaults++;
    connection.close(1008, reason);
  }
}
