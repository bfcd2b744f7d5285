// One client of the load: a raw socket that speaks just enough WebSocket. It answers every offer, parses no JSON and keeps no frame.
import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { clientAddress } from '../../bench/process.mjs';
import { INDEX_DIGITS, OFFER_ID_HEAD_BYTES, OFFER_ID_KEY, writeAnswer } from './frames.mjs';

/** Replies are shorter than this and offers and answers are longer, whatever the server's spelling. */
const REPLY_BYTES_MAX = 600;
const READ_BYTES = 65_536;
const shared = Buffer.allocUnsafe(READ_BYTES);
const offersAt = new Int32Array(READ_BYTES / 512);
const upgrade =
  'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** Messages of all connections of this process. */
export const counters = { sent: 0, received: 0, replies: 0, offers: 0, answers: 0, failures: 0, closed: 0 };

export class Connection {
  /** `events` has onReply(connection) and onAnswer(connection). */
  constructor(index, template, events) {
    this.index = index;
    this.template = template;
    this.events = events;
    this.rest = undefined;
    /** @type {import('node:net').Socket | undefined} */
    this.socket = undefined;
    this.upgraded = undefined;
    // The load's own, of the announce under way:
    this.startedAtMs = 0;
    this.answersMissing = 0;
    this.isReplied = true;
  }

  /** Resolves once the server has upgraded the connection. `session`: of TLS, kept in `current` and used again. */
  open(port, isSecure, session) {
    return new Promise((resolve, reject) => {
      this.upgraded = resolve;
      const to = { port, host: '127.0.0.1', noDelay: true, localAddress: clientAddress(this.index) };
      const ready = () => this.socket?.write(upgrade);
      if (isSecure) {
        const secure = { servername: 'localhost', rejectUnauthorized: false, session: session?.current };
        this.socket = connectSecurely({ ...to, ...secure }, ready);
        this.socket.on('data', (data) => this.#take(data));
        if (session !== undefined) this.socket.on('session', (ticket) => (session.current = ticket));
      } else {
        // All sockets read into one buffer: nothing of it outlives the callback.
        const onread = {
          buffer: shared,
          callback: (bytes) => {
            this.#take(shared.subarray(0, bytes));
            return true;
          },
        };
        this.socket = connect({ ...to, onread }, ready);
      }
      this.socket.on('error', reject);
      this.socket.on('close', () => (counters.closed += 1));
    });
  }

  send(frame) {
    counters.sent += 1;
    this.socket?.write(frame);
  }

  #take(bytes) {
    if (this.rest === undefined) {
      this.#readFrames(bytes, bytes.length);
    } else {
      const all = Buffer.concat([this.rest, bytes]);
      this.rest = undefined;
      this.#readFrames(all, all.length);
    }
  }

  #readFrames(buffer, end) {
    let at = 0;
    if (this.upgraded !== undefined) {
      const headEnd = buffer.subarray(0, end).indexOf('\r\n\r\n');
      if (headEnd < 0) return this.#keep(buffer, 0, end);
      if (buffer.latin1Slice(9, 12) !== '101')
        throw new Error(`Cannot upgrade: ${buffer.latin1Slice(0, headEnd)}`);
      at = headEnd + 4;
      this.upgraded(this);
      this.upgraded = undefined;
    }
    let offersCount = 0;
    while (end - at >= 2) {
      let length = buffer[at + 1];
      let start = at + 2;
      if (length === 126) {
        if (end - at < 4) break;
        length = buffer.readUInt16BE(start);
        start += 2;
      } else if (length === 127) {
        throw new Error('Cannot go on: the server sent more than 64 KiB in one frame');
      }
      if (start + length > end) break;
      const opcode = buffer[at] & 15;
      at = start + length;
      if (opcode === 9) this.socket?.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
      if (opcode !== 1) continue;
      counters.received += 1;
      if (length <= REPLY_BYTES_MAX) {
        this.#reply(buffer, start, at);
        continue;
      }
      const offerIdAt = buffer.indexOf(OFFER_ID_KEY, start, 'latin1') + OFFER_ID_KEY.length;
      if (this.#readIndex(buffer, offerIdAt) === this.index) {
        counters.answers += 1;
        this.answersMissing -= 1;
        this.events.onAnswer(this);
      } else {
        counters.offers += 1;
        offersAt[offersCount++] = offerIdAt;
      }
    }
    if (offersCount > 0) this.#answer(buffer, offersCount);
    if (at < end) this.#keep(buffer, at, end);
  }

  #keep(buffer, start, end) {
    this.rest = Buffer.from(buffer.subarray(start, end));
  }

  #reply(buffer, start, end) {
    if (buffer.latin1Slice(start, end).includes('failure reason')) counters.failures += 1;
    counters.replies += 1;
    this.isReplied = true;
    this.events.onReply(this);
  }

  /** Whose offer it is. */
  #readIndex(buffer, offerIdAt) {
    let index = 0;
    const at = offerIdAt + OFFER_ID_HEAD_BYTES;
    for (let i = 0; i < INDEX_DIGITS; i++) index = index * 10 + (buffer[at + i] - 48);
    return index;
  }

  #answer(buffer, offersCount) {
    const out = Buffer.allocUnsafeSlow(offersCount * this.template.frame.length);
    let at = 0;
    for (let i = 0; i < offersCount; i++) at = writeAnswer(this.template, out, at, buffer, offersAt[i]);
    counters.sent += offersCount;
    this.socket?.write(out);
  }
}
