// The player as a page around it steers it: messages in the manner of PeerTube's embed API. The page posts
// { type: 'relay-swarm', method, value }, and gets { type: 'relay-swarm', event, … }: `ready`, then `playbackStatusUpdate` every half second,
// `error`, and an answer to each `get…`.
import type { SwarmVideoElement } from './element/swarm-video.ts';

const EVERY_MS = 500;
const TYPE = 'relay-swarm';

type Method = (value: unknown, video: SwarmVideoElement) => unknown;

const METHODS: Readonly<Record<string, Method>> = {
  play: (_, video) => void video.play().catch(() => undefined),
  pause: (_, video) => video.pause(),
  seek: (value, video) => {
    if (isNumber(value)) video.currentTime = value;
  },
  setVolume: (value, video) => {
    if (isNumber(value)) video.volume = Math.min(1, Math.max(0, value));
  },
  setMuted: (value, video) => {
    video.muted = value === true;
  },
  setPlaybackRate: (value, video) => {
    if (isNumber(value)) video.playbackRate = Math.min(4, Math.max(0.25, value));
  },
  // Subtitles may still be on their way.
  setCaption: (value, video) =>
    typeof value === 'string' ? video.setAttribute('subtitle', value) : video.removeAttribute('subtitle'),
  getCaptions: (_, video) =>
    Array.from(video.textTracks, ({ language, label, mode }) => ({
      language,
      label,
      isOn: mode === 'showing',
    })),
  getStats: (_, video) => video.getStats(),
};

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** Listens to the page around, and tells it. Only that page is heard: a message of another window is none of ours. */
export function offerEmbedApi(video: SwarmVideoElement): void {
  if (window.parent === window) return;
  // Any page may frame the player, and what it is told is what its viewer sees: it is not secret.
  const tell = (event: string, facts: object = {}): void =>
    window.parent.postMessage({ type: TYPE, event, ...facts }, '*');
  addEventListener('message', ({ data, source }: MessageEvent<unknown>) => {
    if (source !== window.parent || typeof data !== 'object' || data === null) return;
    const { type, method, value, id } = data as Record<string, unknown>;
    if (type !== TYPE || typeof method !== 'string' || !Object.hasOwn(METHODS, method)) return;
    const result = METHODS[method]!(value, video);
    if (method.startsWith('get')) tell('answer', { method, id, result });
  });
  video.addEventListener('p2pready', (event) => {
    const { name, way, infoHash } = (event as CustomEvent<Record<string, unknown>>).detail;
    tell('ready', { name, way, infoHash });
  });
  video.addEventListener('p2perror', (event) => {
    const { code, message } = (event as CustomEvent<{ code: string; message: string }>).detail;
    tell('error', { code, message });
  });
  setInterval(() => {
    const { currentTime: position, duration, volume, muted, paused, ended } = video;
    const playbackState = ended ? 'ended' : paused ? 'paused' : 'playing';
    tell('playbackStatusUpdate', {
      position,
      duration: Number.isFinite(duration) ? duration : 0,
      volume: muted ? 0 : volume,
      playbackState,
    });
  }, EVERY_MS);
}
