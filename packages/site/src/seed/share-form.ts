// Files are dropped or chosen, prepared with a bar and words, and shared from this page. In the page's HTML: #drop, #files, #progress, #status.
import { LinkError } from '../links/magnet.ts';
import { byId } from '../page.ts';
import { droppedFiles } from './dropped-files.ts';
import { shareable } from './make-torrent.ts';
import type { Seed, Seeds, ShareOptions } from './seeds.ts';

/**
 * @param options asked when something is shared; may throw a LinkError, which is shown
 * @param shared called once a seed has begun
 */
export function wireShareForm(seeds: Seeds, options: () => ShareOptions, shared: (seed: Seed) => void): void {
  const drop = byId('drop');
  const input = byId('files', HTMLInputElement);
  const bar = byId('progress', HTMLProgressElement);
  const say = (words: string): void => {
    byId('status').textContent = words;
  };

  const share = async (list: Iterable<File>): Promise<void> => {
    const files = shareable(list);
    if (files.length === 0) {
      say('Nothing to share here: choose at least one file. Hidden files are left out.');
      return;
    }
    if (files.every(({ size }) => size === 0)) {
      say('Nothing to share here: it is empty.');
      return;
    }
    bar.hidden = false;
    try {
      const seed = await seeds.share(files, options(), (done) => {
        bar.value = done;
        say(`Preparing: ${Math.round(done * 100)} %`);
      });
      say(`"${seed.name}" is shared. Keep this window open.`);
      shared(seed);
    } catch (error) {
      say(error instanceof LinkError ? error.message : `This cannot be shared: ${wordsOf(error)}`);
    } finally {
      bar.hidden = true;
    }
  };

  input.addEventListener('change', () => {
    void share(input.files ?? []);
    input.value = '';
  });
  for (const type of ['dragenter', 'dragover', 'dragleave', 'drop'])
    drop.addEventListener(type, (event) => {
      event.preventDefault();
      drop.classList.toggle('over', type === 'dragenter' || type === 'dragover');
    });
  drop.addEventListener('drop', ({ dataTransfer }) => {
    if (dataTransfer === null) return;
    droppedFiles(dataTransfer).then(share, (error: unknown) =>
      say(`This cannot be shared: ${wordsOf(error)}`),
    );
  });
  addEventListener('beforeunload', (event) => {
    if (seeds.all.length > 0) event.preventDefault(); // the browser asks whether to leave
  });
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
