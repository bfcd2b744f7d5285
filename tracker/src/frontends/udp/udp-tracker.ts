// The UDP tracker's rules: a datagram in, at most one out. No sockets, no clock.
//
// A source address can be forged. Until a client has shown by its connection id that it receives what is sent to its address,
// nothing is remembered of it and no answer is longer than the question.
import { soon, type IpTracker, type Later } from '../ip-announce.ts';
import type { ConnectionIds } from './connection-ids.ts';
import {
  readAnnounce,
  readHeader,
  readScrape,
  writeAnnounced,
  writeConnected,
  writeError,
  writeScraped,
} from './packets.ts';

export class UdpTracker {
  readonly #tracker: IpTracker;
  readonly #connectionIds: ConnectionIds;
  readonly counts = { connects: 0, announces: 0, scrapes: 0, errors: 0, ignored: 0 };

  constructor(tracker: IpTracker, connectionIds: ConnectionIds) {
    this.#tracker = tracker;
    this.#connectionIds = connectionIds;
  }

  /** The response, or undefined where none is due. `nowMs` never runs backwards. */
  handle(packet: Buffer, address: string, port: number, nowMs: number): Later<Buffer | undefined> {
    const header = readHeader(packet);
    // Port 0 is only in forged datagrams: nothing can be sent there, and Node throws where one tries.
    if (header === undefined || port === 0) {
      this.counts.ignored++;
      return undefined;
    }
    const { action, transactionId, connectionId } = header;
    if (action === 'connect') {
      this.counts.connects++;
      return writeConnected(transactionId, this.#connectionIds.create(address, nowMs));
    }
    // BEP 15: an id that is not ours, or too old, is not answered; the client asks for another one.
    if (!this.#connectionIds.isValid(connectionId, address, nowMs)) {
      this.counts.ignored++;
      return undefined;
    }
    if (action === 'announce') {
      this.counts.announces++;
      const request = readAnnounce(packet, address, port);
      if (request === undefined) return this.#refuse(transactionId, 'Cannot read the event');
      return soon(this.#tracker.announce(request, nowMs), (answer) =>
        'failure' in answer
          ? this.#refuse(transactionId, answer.failure)
          : writeAnnounced(transactionId, answer),
      );
    }
    this.counts.scrapes++;
    const infoHashes = readScrape(packet);
    if (infoHashes === undefined) return this.#refuse(transactionId, 'Cannot read the info hashes');
    return soon(this.#tracker.scrape(infoHashes, address, nowMs), (answer) =>
      'failure' in answer ? this.#refuse(transactionId, answer.failure) : writeScraped(transactionId, answer),
    );
  }

  #refuse(transactionId: number, reason: string): Buffer {
    this.counts.errors++;
    return writeError(transactionId, reason);
  }
}
