// Clients that do nothing but stay, so that a tracker with few places comes to be busy and full.
import { once } from 'node:events';
import { WebSocket } from 'ws';

export class Crowd {
  readonly #url: string;
  readonly #sockets: WebSocket[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  async growTo(count: number): Promise<void> {
    while (this.#sockets.length < count) {
      const socket = new WebSocket(this.#url);
      await once(socket, 'open');
      const peerId = String(this.#sockets.length).padStart(20, 'c');
      // a first frame, without which a connection is closed
      socket.send(
        JSON.stringify({
          action: 'announce',
          info_hash: 'h'.repeat(20),
          peer_id: peerId,
          numwant: 0,
          offers: [],
        }),
      );
      this.#sockets.push(socket);
    }
  }

  leave(): void {
    for (const socket of this.#sockets.splice(0)) socket.terminate();
  }
}
