// The player's controls: those of media-chrome that a viewer knows, and no more, for the size. The only importer of media-chrome.
import { En } from 'media-chrome/lang/en';
import { addTranslation } from 'media-chrome/utils/i18n';
import 'media-chrome/media-controller';
import 'media-chrome/media-control-bar';
import 'media-chrome/media-play-button';
import 'media-chrome/media-mute-button';
import 'media-chrome/media-volume-range';
import 'media-chrome/media-time-range';
import 'media-chrome/media-time-display';
import 'media-chrome/media-captions-button';
import 'media-chrome/media-playback-rate-button';
import 'media-chrome/media-pip-button';
import 'media-chrome/media-fullscreen-button';
import 'media-chrome/media-loading-indicator';

// For control by voice: a user says what is written on the button, so its name has to contain that, which is "1x" (WCAG 2.5.3).
addTranslation('en', { ...En, 'Playback rate {playbackRate}': '{playbackRate}x, playback rate' });
