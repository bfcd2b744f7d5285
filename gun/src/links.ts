// Links to the gun relays of other relays, so that clients of different relays see the same data. They are read from the roster in the
// shared volume, into which the tracker writes only relays that have proven their key.
import { readJsonFile, type Log, type Part } from '@relay-swarm/kit';
import { createAddressGuard } from '@relay-swarm/net';
import { ProtocolError, Fields, readRoster, type Roster } from '@relay-swarm/protocol';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { dial } from './dial.ts';
import type { Opened, Wire, WireLimits } from './wire.ts';

/** The name under which relays offer this in RELAY_SERVICES. */
const SERVICE = 'gun';
const RETRY_MS_MAX = 60_000;

export interface LinksOptions {
  readonly dataDir: string;
  readonly linksMax: number;
  readonly everyMs: number;
  readonly allowPrivate: boolean;
  readonly limits: WireLimits;
  readonly opened: Opened;
  readonly log: Log;
  readonly monotonicMs: () => number;
}

interface Link {
  wire: Wire | undefined;
  failures: number;
  /** Infinity while it is being dialled or is open. */
  nextAtMs: number;
}

export interface Links extends Part {
  open(): number;
  failed(): number;
}

/**
 * The relays that this one dials: some of those with a larger id, so that two never dial each other. Each relay but the largest has such a
 * link, so all are connected. A hash decides which ones, so that not all choose the same.
 */
export function chooseLinks({ self, relays }: Roster, linksMax: number): string[] {
  const own = relays.find(({ id }) => id === self)?.services[SERVICE];
  const order = (id: string): string => createHash('sha256').update(`${self} ${id}`).digest('hex');
  const urls = relays
    .filter(({ id, services }) => id > self && services[SERVICE] !== undefined && services[SERVICE] !== own)
    .map(({ id, services }) => ({ url: services[SERVICE]!, order: order(id) }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ url }) => url.replace(/^http/, 'ws'));
  return [...new Set(urls)].slice(0, linksMax);
}

export function createLinks(options: LinksOptions): Links {
  const { dataDir, linksMax, everyMs, limits, opened, log, monotonicMs } = options;
  const guard = createAddressGuard(options);
  const links = new Map<string, Link>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let failed = 0;

  const open = async (url: string, link: Link): Promise<void> => {
    link.nextAtMs = Infinity;
    const again = (): void => {
      link.wire = undefined;
      link.failures++;
      failed++;
      link.nextAtMs = monotonicMs() + Math.min(RETRY_MS_MAX, everyMs * 2 ** Math.min(link.failures - 1, 10));
    };
    try {
      await dial(`${url}?link`, guard, limits, (wire) => {
        const listener = opened(wire);
        link.wire = wire;
        link.failures = 0;
        if (isStopped || links.get(url) !== link) wire.close();
        return {
          ...listener,
          closed: () => {
            again();
            listener.closed();
          },
        };
      });
    } catch (error) {
      again();
      if (log.isDebug) log.debug('cannot dial a gun relay', { url, error });
    }
  };

  const look = async (): Promise<void> => {
    const roster = readRosterFile(await readJsonFile(join(dataDir, 'roster.json')));
    if (roster === undefined || isStopped) return;
    const wanted = chooseLinks(roster, linksMax);
    for (const [url, link] of links) {
      if (wanted.includes(url)) continue;
      links.delete(url);
      link.wire?.close();
    }
    for (const url of wanted) {
      const link = links.get(url) ?? { wire: undefined, failures: 0, nextAtMs: 0 };
      links.set(url, link);
      if (link.nextAtMs <= monotonicMs()) void open(url, link);
    }
  };
  const lookNow = (): void =>
    void look().catch((error: unknown) => log.error('cannot read the roster', { error }));

  return {
    name: 'links',
    open: () => [...links.values()].filter(({ wire }) => wire !== undefined).length,
    failed: () => failed,
    start: () => {
      timer = setInterval(lookNow, everyMs);
      lookNow();
      return Promise.resolve();
    },
    stop: () => {
      isStopped = true;
      clearInterval(timer);
      for (const { wire } of links.values()) wire?.close(1001);
      return Promise.resolve();
    },
  };
}

function readRosterFile(value: unknown): Roster | undefined {
  try {
    return value === undefined ? undefined : readRoster(new Fields(value));
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
