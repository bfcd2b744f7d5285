// How long a message is on the wire, without writing it: tests compare this with the real writer.
import type { RelayMessage } from '@relay-swarm/protocol';
import { recordChars } from '../membership/record-frames.ts';

/** TCP, TLS 1.3 with a certificate, and the upgrade: what each side sends before the first message. */
export const DIALLER_BYTES = 1_100;
export const ACCEPTOR_BYTES = 3_900;
/** hello, challenge and proof. */
export const PROOF_BYTES = { dialler: 520, acceptor: 330 } as const;

/** `<16 characters><version of 8>` in quotes, and a comma. */
const REF = 27;
const START = 19;
/** A health snapshot of a relay at work. */
export const HEALTH_BYTES = 470;

export function messageBytes(message: RelayMessage): number {
  switch (message.action) {
    case 'have': {
      const { records, states, gone, buckets } = message;
      return 67 + REF * (records.length + states.length) + START * gone.length + 5 * buckets.length;
    }
    case 'want':
      return 43 + START * (message.records.length + message.states.length);
    case 'records':
      return 33 + message.records.reduce((sum, record) => sum + recordChars(record), 0);
    case 'states':
      return 33 + HEALTH_BYTES * message.healths.length;
    default:
      return JSON.stringify(message).length;
  }
}
