// Whether the server of a file still answers. Browsers go on asking a server that has gone for half a minute before they report an error.

const STALL_MS = 8_000;
const HAVE_METADATA = 1;
const HAVE_CURRENT_DATA = 2;

/**
 * Calls `gone` where the video has waited for a while and its server does not answer at all. The other way may be the whole file in memory:
 * so not while nobody plays what has begun to come, nor while it is this device that is offline.
 */
export function watchServer(video: HTMLVideoElement, signal: AbortSignal, gone: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (src: string, at: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(src, at), STALL_MS);
  };
  const look = async (src: string, at: number): Promise<void> => {
    const stands = (): boolean =>
      !signal.aborted &&
      video.src === src &&
      video.currentTime === at &&
      video.readyState <= HAVE_CURRENT_DATA &&
      !(video.paused && video.readyState >= HAVE_METADATA);
    if (!stands()) return;
    const isThere = await answers(src);
    if (!stands()) return;
    if (!isThere && navigator.onLine) gone();
    else if (!video.paused || !navigator.onLine) wait(src, at);
  };
  const begin = (): void => wait(video.src, video.currentTime);
  video.addEventListener('waiting', begin, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  begin();
}

/** Whether anything at all comes back, also from a server that lets no page of others read its answers. */
async function answers(url: string): Promise<boolean> {
  try {
    await fetch(url, { method: 'HEAD', mode: 'no-cors', signal: AbortSignal.timeout(STALL_MS) });
    return true;
  } catch {
    return false;
  }
}

/** Whether the bytes come, so that it must be the player who cannot make sense of them. */
export async function isReachable(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { headers: { range: 'bytes=0-0' } })).ok;
  } catch {
    return false;
  }
}
