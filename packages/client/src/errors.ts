// What can go wrong on the page's side, as codes that a program can act on. An abort is the platform's AbortError, never one of these.

export type ClientErrorCode =
  /** No source of the roster answered, and nothing is remembered. */
  | 'NO_ROSTER'
  /** A relay answered with something that is no roster, descriptor or set of ICE servers. */
  | 'BAD_ANSWER'
  /** A descriptor's signature is wrong, or it is of another key than the one that was pinned. */
  | 'BAD_SIGNATURE'
  /** A URL is answered by another key than the last time. */
  | 'KEY_CHANGED'
  /** No relay that answers offers this service. */
  | 'NO_SERVICE'
  /** The relay refused what was asked; the message says why. */
  | 'REFUSED'
  /** Used after it was closed. */
  | 'CLOSED'
  /** What was given to a function cannot be used. */
  | 'BAD_ARGUMENT'
  /** The platform lacks something, such as Ed25519. */
  | 'UNSUPPORTED';

export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
