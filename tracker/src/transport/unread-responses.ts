// Plain HTTP: answers that their reader has not taken yet count against the byte budget.
import { limitKey, type AddressReader, type ByteBudget, type RequestHead } from '@relay-swarm/net';
import type { Writable } from 'node:stream';

export class UnreadResponses {
  readonly #budget: ByteBudget;
  readonly #readAddress: AddressReader;

  constructor(budget: ByteBudget, readAddress: AddressReader) {
    this.#budget = budget;
    this.#readAddress = readAddress;
  }

  /** Counts what was not written yet. A client that may hold no more is cut without an answer, since it does not read. */
  count(request: RequestHead & { readonly socket: Pick<Writable, 'destroy'> }, response: Writable): void {
    const holder = this.#budget.open(limitKey(this.#readAddress(request)), () => request.socket.destroy());
    response.once('close', () => holder.close());
    if (holder.hold(response.writableLength) !== undefined) request.socket.destroy();
  }
}
