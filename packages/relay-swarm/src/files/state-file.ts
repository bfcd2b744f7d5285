// candidates.json: where to start from after a restart. Read field by field: the volume is shared with other services.
import { readJsonFile, writeJsonFile } from '@relay-swarm/kit';
import { Fields, ProtocolError, readDescriptor, readHealth, TIME_MS_MAX } from '@relay-swarm/protocol';
import type { DhtNode } from 'bittorrent-dht';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { SavedRelay } from '../roster/known-relay.ts';

export interface Saved {
  readonly relays: readonly SavedRelay[];
  readonly nodes: readonly DhtNode[];
}

const RELAYS_MAX = 10_000;
const NODES_MAX = 1_000;

const fileOf = (dataDir: string): string => join(dataDir, 'candidates.json');

/** Nothing where there is no file, or none that can be read: then the relay starts like a new one. Of a list, what can be read. */
export async function readStateFile(dataDir: string, bytesMax: number): Promise<Saved> {
  const value = await readJsonFile(fileOf(dataDir), bytesMax).catch(() => undefined);
  try {
    if (value === undefined) return { relays: [], nodes: [] };
    const fields = new Fields(value);
    return {
      relays: fields.readableObjects('relays', RELAYS_MAX, readSavedRelay),
      nodes: fields
        .readableObjects('nodes', NODES_MAX, (node) => ({
          host: node.text('host', { charsMax: 45 }),
          port: node.integer('port', 1, 65_535),
        }))
        .filter(({ host }) => isIP(host) === 4),
    };
  } catch (error) {
    if (error instanceof ProtocolError) return { relays: [], nodes: [] };
    throw error;
  }
}

export const writeStateFile = (dataDir: string, saved: Saved): Promise<void> =>
  writeJsonFile(fileOf(dataDir), saved);

function readSavedRelay(fields: Fields): SavedRelay {
  const time = (name: string): number | undefined =>
    fields.has(name) ? fields.integer(name, 0, TIME_MS_MAX) : undefined;
  return {
    descriptor: readDescriptor(fields.object('descriptor')),
    verifiedAtMs: time('verifiedAtMs'),
    address: fields.has('address') ? fields.text('address', { charsMax: 45 }) : undefined,
    health: fields.has('health') ? readHealth(fields.object('health')) : undefined,
    healthAtMs: time('healthAtMs'),
  };
}
