// A BitTorrent client's UDP side (BEP 15) by hand: what it sends may go to any tracker. Datagrams that are lost are sent again.
import { createSocket, type Socket } from 'node:dgram';

const CONNECT = 0;
const ANNOUNCE = 1;
const PROTOCOL_ID = 0x417_2710_1980n;
const AGAIN_MS = 500;
const TRIES_MAX = 20;

export class UdpHost {
  readonly #socket: Socket;
  #transaction = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(): Promise<UdpHost> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new UdpHost(socket);
  }

  async connect(port: number): Promise<bigint> {
    const request = Buffer.alloc(16);
    request.writeBigUInt64BE(PROTOCOL_ID, 0);
    return (await this.#ask(port, CONNECT, request)).readBigUInt64BE(8);
  }

  async announce(
    port: number,
    connectionId: bigint,
    infoHash: string,
    peerId: string,
  ): Promise<{ leechers: number; seeders: number }> {
    const request = Buffer.alloc(98);
    request.writeBigUInt64BE(connectionId, 0);
    request.write(infoHash, 16, 20, 'latin1');
    request.write(peerId, 36, 20, 'latin1');
    request.writeBigUInt64BE(1n, 64); // left
    request.writeInt32BE(-1, 92); // numwant
    request.writeUInt16BE(6881, 96);
    const answer = await this.#ask(port, ANNOUNCE, request);
    return { leechers: answer.readUInt32BE(12), seeders: answer.readUInt32BE(16) };
  }

  close(): void {
    this.#socket.close();
  }

  async #ask(port: number, action: number, request: Buffer): Promise<Buffer> {
    const transaction = this.#transaction++;
    request.writeUInt32BE(action, 8);
    request.writeUInt32BE(transaction, 12);
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      this.#socket.send(request, port, '127.0.0.1');
      const answer = await this.#answer(transaction);
      if (answer === undefined) continue;
      if (answer.readUInt32BE(0) !== action)
        throw new Error(`Cannot ask: ${answer.toString('latin1', 8) || 'an error'}`);
      return answer;
    }
    throw new Error(`Cannot ask port ${port} over UDP: it does not answer`);
  }

  #answer(transaction: number): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const end = (answer?: Buffer): void => {
        clearTimeout(timer);
        this.#socket.off('message', hear);
        resolve(answer);
      };
      const hear = (message: Buffer): void => {
        if (message.length >= 8 && message.readUInt32BE(4) === transaction) end(message);
      };
      const timer = setTimeout(end, AGAIN_MS);
      this.#socket.on('message', hear);
    });
  }
}
