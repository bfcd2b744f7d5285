// A fault as media elements tell it: `error` with a number, as controls made for <video> read it (HTML §4.8.11.1, MediaError). Pure.
import type { FaultCode, PlaybackFault } from './faults.ts';

const CODES = {
  MEDIA_ERR_ABORTED: 1,
  MEDIA_ERR_NETWORK: 2,
  MEDIA_ERR_DECODE: 3,
  MEDIA_ERR_SRC_NOT_SUPPORTED: 4,
} as const;

/** What stops arriving is a fault of the network; for every other reason there is no usable source. */
const codeOf = (code: FaultCode): number =>
  code === 'stream-broken' ? CODES.MEDIA_ERR_NETWORK : CODES.MEDIA_ERR_SRC_NOT_SUPPORTED;

export const mediaErrorOf = ({ code, message }: PlaybackFault): MediaError => ({
  ...CODES,
  code: codeOf(code),
  message,
});
