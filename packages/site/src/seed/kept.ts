// What is shared, kept in the browser's storage so that it goes on after a reload. The only importer of idb-keyval.
import { del, set, values } from 'idb-keyval';

export interface Kept {
  readonly infoHash: string;
  readonly name: string;
  readonly pieceBytes: number;
  readonly torrentFile: Uint8Array;
  readonly files: readonly File[];
  readonly trackers: readonly string[];
  /** False where the trackers were chosen by hand. */
  readonly usesRelays: boolean;
  readonly webSeeds: readonly string[];
}

const KEY = 'seed ';

/** False where it does not fit, or nothing can be kept here. */
export async function keep(kept: Kept): Promise<boolean> {
  try {
    // Without it a browser that is short of room throws this away first. Firefox asks its user, who may never answer: nothing waits for that.
    void navigator.storage.persist().catch(() => undefined);
    await set(KEY + kept.infoHash, kept);
    return true;
  } catch {
    return false;
  }
}

export async function keptSeeds(): Promise<Kept[]> {
  try {
    return await values<Kept>();
  } catch {
    return []; // no storage here
  }
}

export const forget = (infoHash: string): Promise<void> => del(KEY + infoHash).catch(() => undefined);
