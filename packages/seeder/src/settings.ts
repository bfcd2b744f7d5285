// What the seeder reads from the environment: the command line's defaults, and all that its container has. Name, bounds and default, once each.
import { choice, integer, list, LOG_FORMATS, path, readUrl, url, type Settings } from '@relay-swarm/kit';
import { readTracker } from './addresses.ts';

const BYTES_MAX = 1_000_000_000_000_000;
const words = (name: string, of: string, help: string) =>
  list<string>(name, { of, itemsMax: 64, item: (text) => text, default: [] }, help);

export const seederSettings = {
  roster: url(
    'SEEDER_ROSTER',
    {
      protocols: ['https:', 'http:'],
      example: 'https://tracker.example.org',
      default: 'http://localhost:8000',
    },
    'A relay, which knows the others',
  ),
  trackers: list<string>(
    'SEEDER_TRACKERS',
    { of: 'trackers', itemsMax: 64, item: readTracker, default: [] },
    'Trackers to use, instead of those that the relays choose',
  ),
  webSeeds: list<string>(
    'SEEDER_WEB_SEEDS',
    {
      of: 'http: or https: URLs',
      itemsMax: 16,
      item: (text) => readUrl(text, ['http:', 'https:']),
      default: [],
    },
    'HTTP addresses of the same files; behind a slash at the end comes the name',
  ),
  watch: words('SEEDER_WATCH', 'folders', 'Folders in which whatever appears is seeded'),
  lists: words(
    'SEEDER_LISTS',
    'files or URLs',
    'Lists of magnets to seed, one a line, read again every minute',
  ),
  downloads: path('SEEDER_DOWNLOADS', { default: 'downloads' }, 'Folder that magnets are downloaded to'),
  state: path(
    'SEEDER_STATE',
    { default: '' },
    'Folder of what was hashed before; empty: relay-seeder in $XDG_STATE_HOME or ~/.local/state',
  ),
  port: integer(
    'SEEDER_PORT',
    { min: 0, max: 65_535, default: 0 },
    'TCP port for peers; 0: any that is free',
  ),
  connectionsMax: integer(
    'SEEDER_CONNECTIONS_MAX',
    { min: 1, max: 100_000, default: 100 },
    'Peers at once, over all torrents',
  ),
  torrentsMax: integer('SEEDER_TORRENTS_MAX', { min: 1, max: 100_000, default: 1_000 }, 'Torrents at once'),
  uploadMax: integer(
    'SEEDER_UPLOAD_BYTES_PER_SECOND_MAX',
    { min: 0, max: BYTES_MAX, default: 0 },
    'What goes out each second; 0: as fast as it goes',
  ),
  downloadMax: integer(
    'SEEDER_DOWNLOAD_BYTES_PER_SECOND_MAX',
    { min: 0, max: BYTES_MAX, default: 0 },
    'What comes in each second; 0: as fast as it goes',
  ),
  diskMax: integer(
    'SEEDER_DISK_BYTES_MAX',
    { min: 0, max: BYTES_MAX, default: 20_000_000_000 },
    'What downloads may take on the disk',
  ),
  memoryMax: integer(
    'SEEDER_MEMORY_BYTES_MAX',
    { min: 1_000_000, max: BYTES_MAX, default: 256_000_000 },
    'What peers have asked for and not taken yet, over all connections',
  ),
  logFormat: choice('LOG_FORMAT', { of: LOG_FORMATS, default: 'text' }, 'json: one object a line, as --json'),
} as const;

export type SeederSettings = Settings<typeof seederSettings>;
