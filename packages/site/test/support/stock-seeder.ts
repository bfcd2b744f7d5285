// Somebody with the stock WebTorrent in a page of his own, who seeds what the tests watch.
import { join } from 'node:path';
import { callPage, openPage, serveProgram, type Browser } from '../../../../test/support/chromium.ts';

const modules = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules');
const program = `
  import WebTorrent from ${JSON.stringify(join(modules, 'webtorrent/dist/webtorrent.min.js'))};
  const client = new WebTorrent({ dht: false, lsd: false, tracker: { rtcConfig: { iceServers: [] } } });
  client.on('error', () => undefined);
  export async function seed(names, announce, name, urlList, uploadLimit) {
    const files = await Promise.all(names.map(async (one) => new File([await (await fetch('/' + one)).blob()], one)));
    if (uploadLimit) client.throttleUpload(uploadLimit);
    const torrent = await new Promise((resolve) => client.seed(files, { announce, name, urlList }, resolve));
    return { magnet: torrent.magnetURI, torrent: [...torrent.torrentFile] };
  }
  export async function download(magnet) {
    const torrent = client.add(magnet);
    await new Promise((resolve) => torrent.once('done', resolve));
    const digest = await crypto.subtle.digest('SHA-256', await torrent.files[0].arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }
`;

export interface StockPage {
  readonly magnet: string;
  readonly torrent: Buffer;
  close(): Promise<void>;
}

export async function seedFromStockPage(
  browser: Browser,
  files: Readonly<Record<string, string | Buffer>>,
  options: { announce: readonly string[]; name?: string; urlList?: readonly string[]; uploadLimit?: number },
): Promise<StockPage> {
  const served = Object.fromEntries(Object.entries(files).map(([name, content]) => [`/${name}`, content]));
  const pages = await serveProgram(program, import.meta.dirname, served);
  const page = await openPage(browser, pages.url);
  const { announce, name, urlList, uploadLimit } = options;
  const seeded = await callPage<{ magnet: string; torrent: number[] }>(
    ...([page, 'seed', Object.keys(files), announce, name, urlList, uploadLimit] as const),
  );
  return {
    magnet: seeded.magnet,
    torrent: Buffer.from(seeded.torrent),
    close: async () => {
      await page.context().close();
      await pages.close();
    },
  };
}

/** Downloads with the stock WebTorrent; gives back the SHA-256 of the first file. */
export async function downloadInStockPage(browser: Browser, magnet: string): Promise<string> {
  const pages = await serveProgram(program, import.meta.dirname);
  const page = await openPage(browser, pages.url);
  try {
    return await callPage<string>(page, 'download', magnet);
  } finally {
    await page.context().close();
    await pages.close();
  }
}
