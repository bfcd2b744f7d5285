// relay-table.json: which relays this one knows and why it offers them or not, for scripts/relays. Written now and then, read by people.
import { Fields, ProtocolError, RELAY_ID_CHARS, TIME_MS_MAX, URL_CHARS_MAX } from '@relay-swarm/protocol';
import type { ExplainedRelay } from '../roster/explain.ts';

export const RELAY_TABLE_FILE = 'relay-table.json';
/** Relays in the file. */
export const EXPLAINED_MAX = 2_000;
const WHY_CHARS_MAX = 200;
const ID_CHARS_SHOWN = 16;

export interface RelayTableFile {
  readonly writtenAt: number;
  readonly members: number;
  readonly sessions: number;
  readonly unproven: number;
  readonly down: number;
  readonly relays: readonly ExplainedRelay[];
}

/** As lines of text; with a status those relays only. Says so where there is nothing to read. */
export function formatRelayTable(value: unknown, status: string | undefined, today: number): string {
  try {
    const { writtenAt, members, sessions, unproven, down, relays } = readTable(new Fields(value));
    const seconds = Math.max(0, Math.round((today - writtenAt) / 1000));
    const shown = relays.filter((relay) => status === undefined || relay.status === status);
    return [
      `${members} relays in the table, this one included; ${sessions} sessions, ${unproven} unproven, ${down} down (written ${seconds} s ago)`,
      ...shown.map(
        ({ id, url, status: is, why }) => `${is.padEnd(9)} ${id.slice(0, ID_CHARS_SHOWN)} ${url}  ${why}`,
      ),
      '',
    ].join('\n');
  } catch (error) {
    if (error instanceof ProtocolError)
      return 'The tracker has not written its relays yet. It does so a minute after its start\n';
    throw error;
  }
}

function readTable(fields: Fields): RelayTableFile {
  const count = (name: string): number => fields.integer(name, 0, Number.MAX_SAFE_INTEGER);
  return {
    writtenAt: fields.integer('writtenAt', 0, TIME_MS_MAX),
    members: count('members'),
    sessions: count('sessions'),
    unproven: count('unproven'),
    down: count('down'),
    relays: fields.readableObjects('relays', EXPLAINED_MAX, (relay) => ({
      id: relay.hex('id', RELAY_ID_CHARS),
      url: relay.text('url', { charsMax: URL_CHARS_MAX }),
      status: relay.text('status', { charsMax: WHY_CHARS_MAX }),
      why: relay.text('why', { charsMax: WHY_CHARS_MAX }),
    })),
  };
}
