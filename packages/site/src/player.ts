// A whole player in a page: the element, the controls, and what is said over them.
import './element/controls.ts';
import { SwarmVideoElement } from './element/swarm-video.ts';
import type { PlayOptions } from './links/page-link.ts';
import { html, nothing, render } from './view.ts';

export interface PlayerSettings {
  readonly source: string;
  readonly trackers: readonly string[];
  readonly options: PlayOptions;
}

/** Draws the player into `root`, anew for other settings, and gives back its element. */
export function showPlayer(
  root: HTMLElement,
  { source, trackers, options }: PlayerSettings,
): SwarmVideoElement {
  const { startSeconds, stopSeconds } = options;
  const wantsNoMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
  render(
    html`<media-controller
        ?autohide=${false}
        defaultsubtitles=${options.subtitle === undefined ? nothing : ''}
      >
        <swarm-video
          slot="media"
          worker="/sw.js"
          roster=${location.origin}
          playsinline
          crossorigin
          ?consent=${options.warningTitle}
          ?muted=${options.muted}
          ?loop=${options.loop}
          ?stats=${options.stats}
          ?autoplay=${options.autoplay}
          p2p=${options.p2p}
          trackers=${trackers.join(' ')}
          file=${options.file ?? nothing}
          poster=${options.poster ?? nothing}
          subtitle=${options.subtitle ?? nothing}
          start=${startSeconds ?? nothing}
          stop=${stopSeconds ?? nothing}
          src=${source}
        ></swarm-video>
        <media-loading-indicator slot="centered-chrome" noautohide>
          ${wantsNoMotion ? html`<span slot="icon">Loading…</span>` : nothing}
        </media-loading-indicator>
        ${
          options.controls
            ? html`<media-control-bar>
                <media-play-button></media-play-button>
                <media-mute-button></media-mute-button>
                <media-volume-range></media-volume-range>
                <media-time-range></media-time-range>
                <media-time-display showduration notoggle></media-time-display>
                <media-captions-button></media-captions-button>
                <media-playback-rate-button></media-playback-rate-button>
                <media-pip-button></media-pip-button>
                <media-fullscreen-button></media-fullscreen-button>
              </media-control-bar>`
            : nothing
        }
      </media-controller>
      <div class="notices"></div>`,
    root,
  );
  // media-chrome makes it a button with aria-checked. Only a switch may have aria-checked (WAI-ARIA), so it becomes one.
  root.querySelector('media-captions-button')?.setAttribute('role', 'switch');
  root.querySelector('media-playback-rate-button')?.setAttribute('aria-label', '1x, playback rate'); // until it changes
  const video = root.querySelector('swarm-video') as SwarmVideoElement;
  const notices = root.querySelector<HTMLElement>('.notices')!;
  video.overlayRoot = notices;
  // A button that was pressed goes with its notice: the keyboard goes on at the player, whose keys work from here (blank, arrows, m, f).
  notices.addEventListener('click', () => {
    if (!notices.contains(document.activeElement))
      root.querySelector<HTMLElement>('media-controller')?.focus({ preventScroll: true });
  });
  // A source that is loaded begins with the default rate.
  if (options.playbackRate !== undefined) video.defaultPlaybackRate = options.playbackRate;
  return video;
}
