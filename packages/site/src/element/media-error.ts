// A fault as media elements tell it: `error` with a number, as controls made for <video> read it (HTML §4.8.11.1, MediaError). Pure.
import type { FaultCode, PlaybackFault } from './faults.ts';

const CODES = {
  MEDIA_ERR_ABORTED: 1,
  MEDIA_ERR_NETWORK: 2,
  MEDIA_ERR_DECODE: 3,
  MEDIA_ERR_SRC_NOT_SUPPORTED: 4,
} as const;

/** What never began to play has no usable source, whatever the reason; only what broke off is a fault of the network. */
const codeOf = (code: FaultCode): number =>
  code === 'stream-broken' ? CODES.MEDIA_ERR_NETWORK : CODES.MEDIA_ERR_SRC_NOT_SUPPORTED;

export const mediaErrorOf = ({ code, message }: PlaybackFault): MediaError => ({
  ...CODES,
  code: codeOf(code),
  message,
});
