// Subtitles that stand beside the video in its torrent become tracks of the player.
import type { TorrentFile } from '../torrent/client.ts';
import { subtitlesFor } from './files.ts';
import { decodeSubtitles, toWebVtt } from './web-vtt.ts';

const SUBTITLES_BYTES_MAX = 5_000_000;

/** Those in this language, or with this name; null: none. */
export function showSubtitles(video: HTMLVideoElement, wanted: string | null): void {
  for (const track of video.textTracks) show(track, wanted);
}

function show(track: TextTrack, wanted: string | null): void {
  const isWanted = wanted !== null && (track.language === wanted || track.label === wanted);
  track.mode = isWanted ? 'showing' : 'disabled';
}

/** Adds them as they arrive; those from the video before are taken away. @param wanted asked when one has arrived */
export async function attachSubtitles(
  video: HTMLVideoElement,
  files: readonly TorrentFile[],
  file: TorrentFile,
  wanted: () => string | null,
  signal: AbortSignal,
): Promise<void> {
  for (const old of video.querySelectorAll('track[data-torrent]')) old.remove();
  const found = subtitlesFor(files, file).filter((one) => one.file.length <= SUBTITLES_BYTES_MAX);
  await Promise.all(
    found.map(async ({ file: subtitles, language, label }) => {
      const text = toWebVtt(decodeSubtitles(await (await subtitles.blob()).arrayBuffer()));
      if (signal.aborted) return;
      const track = document.createElement('track');
      track.kind = 'subtitles';
      track.label = label;
      if (language !== undefined) track.srclang = language;
      track.dataset['torrent'] = '';
      const url = URL.createObjectURL(new Blob([text], { type: 'text/vtt' }));
      track.src = url;
      signal.addEventListener('abort', () => URL.revokeObjectURL(url));
      video.append(track);
      show(track.track, wanted());
    }),
  ).catch(() => undefined); // a video without its subtitles is still a video
}
