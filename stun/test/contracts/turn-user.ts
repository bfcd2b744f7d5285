// A user of a TURN server for tests, without a socket: knows its name, its password and what the server has told it, and writes
// requests as clients do.
import { createHash, randomBytes } from 'node:crypto';
import { encode, valueOf, type Attribute, type Message, type Method } from './stun-message.ts';

export class TurnUser {
  readonly name: string;
  password: string;
  realm = '';
  nonce: Buffer = Buffer.alloc(0);

  constructor(name: string, password: string) {
    this.name = name;
    this.password = password;
  }

  get key(): Buffer {
    return createHash('md5').update(`${this.name}:${this.realm}:${this.password}`).digest();
  }

  /** Takes realm and nonce out of a 401 or 438. */
  takeChallenge(answer: Message): void {
    this.realm = valueOf(answer, 0x0014)!.toString();
    this.nonce = Buffer.from(valueOf(answer, 0x0015)!);
  }

  /** The request as this user would send it: sealed as soon as there is a nonce. */
  encode(
    method: Method | number,
    attributes: readonly Attribute[],
    transactionId: Buffer = randomBytes(12),
    hash: 'sha1' | 'sha256' = 'sha1',
  ): Buffer {
    if (this.nonce.length === 0) return encode({ method, transactionId, attributes, fingerprint: true });
    return encode({
      method,
      transactionId,
      attributes: [
        ...attributes,
        [0x0006, Buffer.from(this.name)],
        [0x0014, Buffer.from(this.realm)],
        [0x0015, this.nonce],
      ],
      key: this.key,
      hash,
      fingerprint: true,
    });
  }
}
