// The player alone, for a frame in a page of others.
import { offerEmbedApi } from '../embed-api.ts';
import { readPageLink } from '../links/page-link.ts';
import { byId } from '../page.ts';
import { showPlayer } from '../player.ts';

const root = byId('player');
const title = byId('title');

function show(): void {
  const { source, trackers, options } = readPageLink(new URL(location.href));
  byId('empty').hidden = source !== undefined;
  if (source === undefined) return;
  const video = showPlayer(root, { source, trackers, options });
  video.addEventListener('p2pready', (event) => {
    const { name } = (event as CustomEvent<{ name: string }>).detail;
    document.title = name;
    title.textContent = name;
    title.hidden = !options.title;
  });
  video.addEventListener('playing', () => (title.hidden = true));
  video.addEventListener('pause', () => (title.hidden = !options.title));
  if (options.api) offerEmbedApi(video);
}

addEventListener('hashchange', () => location.reload());
show();
