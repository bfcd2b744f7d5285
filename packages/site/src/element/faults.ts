// What a viewer is told when a video does not play: what happened and what to do, in words that anybody understands. Pure.
import { LinkError } from '../links/magnet.ts';

export type FaultCode =
  | 'bad-source'
  | 'torrent-unreachable'
  | 'torrent-damaged'
  | 'no-such-file'
  | 'not-playable'
  | 'peers-unsupported'
  | 'stream-broken'
  | 'unknown';

export class PlaybackFault extends Error {
  override readonly name = 'PlaybackFault';
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export const faults = {
  torrentUnreachable: (url: string, cause: unknown): PlaybackFault =>
    new PlaybackFault(
      'torrent-unreachable',
      `The torrent file at ${hostOf(url)} could not be loaded: the address may be wrong, or that site does not allow pages of others to read it. Ask for a magnet link instead.`,
      { cause },
    ),
  torrentDamaged: (): PlaybackFault =>
    new PlaybackFault('torrent-damaged', 'This is no torrent file, or it is damaged. Ask for it again.'),
  noSuchFile: (wish: string | undefined, names: readonly string[]): PlaybackFault =>
    new PlaybackFault(
      'no-such-file',
      wish === undefined
        ? `Nothing in this torrent can be shown here: it has no video, audio or image (it has ${list(names)}).`
        : `This torrent has no file "${wish}". It has ${list(names)}.`,
    ),
  notPlayable: (name: string): PlaybackFault =>
    new PlaybackFault(
      'not-playable',
      `This browser cannot play ${name}: it does not know this kind of file. Download it and open it with a player such as VLC, or ask for it as MP4 or WebM.`,
    ),
  peersUnsupported: (): PlaybackFault =>
    new PlaybackFault(
      'peers-unsupported',
      'This browser cannot talk to other browsers (WebRTC is missing or switched off), and there is no server to get this video from. Try another browser.',
    ),
  streamBroken: (cause: unknown): PlaybackFault =>
    new PlaybackFault(
      'stream-broken',
      'The video stopped arriving: whoever had it may have left. Try again in a moment.',
      {
        cause,
      },
    ),
};

/** Anything that was thrown, as a fault with words for a viewer. */
export function asFault(error: unknown): PlaybackFault {
  if (error instanceof PlaybackFault) return error;
  if (error instanceof LinkError)
    return new PlaybackFault('bad-source', `${error.message}.`, { cause: error });
  const words = error instanceof Error ? error.message : String(error);
  return new PlaybackFault('unknown', `This video cannot be played: ${words}`, { cause: error });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

const NAMES_MAX = 5;
function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX).join(', ');
  return names.length > NAMES_MAX ? `${shown} and ${names.length - NAMES_MAX} more` : shown || 'no files';
}
