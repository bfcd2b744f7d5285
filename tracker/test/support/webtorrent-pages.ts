// The main job of a tracker: two pages that share nothing but a magnet link find each other and exchange a file, with the real webtorrent.
import { join } from 'node:path';
import { callPage, openPage, serveProgram, type Browser } from '../../../test/support/chromium.ts';

export const FILE_BYTES = 300_000;

const modules = join(import.meta.dirname, '..', '..', '..', 'node_modules');

// No ICE servers: the pages are on one machine, and no address outside it may be asked for.
const program = `
  import WebTorrent from ${JSON.stringify(join(modules, 'webtorrent/dist/webtorrent.min.js'))};

  const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
  const problems = [];
  client.on('error', (error) => problems.push('error: ' + error.message));

  const hash = async (bytes) =>
    [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const watch = (torrent) => torrent.on('warning', (warning) => problems.push('warning: ' + (warning.message ?? warning)));

  /** Seeds random bytes; resolves once the tracker knows. */
  export async function seed(length, announce) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    const torrent = await new Promise((resolve) => client.seed(new File([bytes], 'random.bin'), { announce: [announce] }, resolve));
    watch(torrent);
    await new Promise((resolve) => torrent.once('trackerAnnounce', resolve));
    return { magnet: torrent.magnetURI, hash: await hash(bytes) };
  }

  /** Downloads; the time is from opening the magnet to the last byte. */
  export async function download(magnet) {
    const startedAt = performance.now();
    const torrent = client.add(magnet);
    watch(torrent);
    await new Promise((resolve) => torrent.once('done', resolve));
    const milliseconds = Math.round(performance.now() - startedAt);
    return { hash: await hash(await torrent.files[0].arrayBuffer()), milliseconds };
  }

  export const problemsSeen = async () => problems;
`;

export interface Exchange {
  readonly seeded: string;
  readonly received: string;
  readonly milliseconds: number;
  readonly problems: readonly string[];
}

/** Two fresh browser contexts exchange a file of FILE_BYTES through the tracker at this URL. */
export async function exchangeFile(browser: Browser, announce: string): Promise<Exchange> {
  const pages = await serveProgram(program, import.meta.dirname);
  const [seeder, leecher] = await Promise.all([openPage(browser, pages.url), openPage(browser, pages.url)]);
  try {
    const { magnet, hash } = await callPage<{ magnet: string; hash: string }>(
      seeder,
      'seed',
      FILE_BYTES,
      announce,
    );
    const found = await callPage<{ hash: string; milliseconds: number }>(leecher, 'download', magnet);
    const problems = await Promise.all(
      [seeder, leecher].map((page) => callPage<string[]>(page, 'problemsSeen')),
    );
    return {
      seeded: hash,
      received: found.hash,
      milliseconds: found.milliseconds,
      problems: problems.flat(),
    };
  } finally {
    await Promise.all([seeder.context().close(), leecher.context().close()]);
    await pages.close();
  }
}
