// The .torrent of a file or folder, without trackers: those stand outside of what its info hash is made of. The only importer of create-torrent.
import createTorrent from 'create-torrent';

export interface MakeOptions {
  readonly webSeeds: readonly string[];
  /** Called with the share that is hashed, from 0 to 1. */
  readonly progress: (share: number) => void;
}

export function makeTorrent(path: string, { webSeeds, progress }: MakeOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    createTorrent(
      path,
      {
        announceList: [], // without this line the library names public trackers
        urlList: webSeeds,
        createdBy: 'relay-seeder',
        onProgress: (hashed, total) => progress(total === 0 ? 1 : hashed / total),
      },
      (error, torrent) => {
        if (error === null) resolve(torrent);
        else reject(error);
      },
    );
  });
}
