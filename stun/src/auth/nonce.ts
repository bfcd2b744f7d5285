// Nonces that the server need not remember (RFC 8489 §9.2): the time and a MAC over it and the client's address, so a nonce
// serves one client only, for a while. Pure: clock and key are passed in.
import { createHmac, timingSafeEqual } from 'node:crypto';

const TIME_CHARS = 8;
const MAC_BYTES = 16;
export const NONCE_CHARS = TIME_CHARS + MAC_BYTES * 2;
export const NONCE_KEY_BYTES = 32;

export class Nonces {
  readonly #key: Buffer;
  readonly #lifetimeSeconds: number;

  constructor(key: Buffer, lifetimeSeconds: number) {
    this.#key = key;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  issue(address: string, port: number, nowMs: number): string {
    const seconds = Math.floor(nowMs / 1000);
    const time = seconds.toString(16).padStart(TIME_CHARS, '0');
    return time + this.#mac(time, address, port).toString('hex');
  }

  isFresh(nonce: Buffer, address: string, port: number, nowMs: number): boolean {
    if (nonce.length !== NONCE_CHARS) return false;
    const time = nonce.toString('latin1', 0, TIME_CHARS);
    const mac = Buffer.from(nonce.toString('latin1', TIME_CHARS), 'hex');
    if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, this.#mac(time, address, port))) return false;
    // A nonce with a valid MAC carries our own time.
    return nowMs / 1000 - parseInt(time, 16) < this.#lifetimeSeconds;
  }

  #mac(time: string, address: string, port: number): Buffer {
    return createHmac('sha256', this.#key)
      .update(`${time}|${address}|${port}`)
      .digest()
      .subarray(0, MAC_BYTES);
  }
}
