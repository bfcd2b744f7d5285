#!/usr/bin/env node
// relay-seeder: the command. Everything that looks at the process is here.
import { readSettings } from '@relay-swarm/kit';
import type { Stats } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Announcer } from './announce.ts';
import { readCommandLine, type MakeArguments, type SeedArguments } from './arguments.ts';
import { SeedClient } from './client.ts';
import { makeTorrent } from './make-torrent.ts';
import { HashMemory } from './memory.ts';
import { jsonReport, textReport, type Report } from './report.ts';
import { Seeder } from './seeder.ts';
import { seederSettings } from './settings.ts';
import { SourceError } from './sources.ts';
import { infoHashOf, magnetOf, withTrackers } from './torrent-names.ts';
import { watchFolder, watchList, type Changes } from './watched.ts';
import { webSeedsFor } from './web-seed.ts';

const STATS_MS = 2_000;
const STOP_MS_MAX = 8_000;

const reportFor = (isJson: boolean | undefined): Report =>
  isJson === true ? jsonReport(process.stdout) : textReport(process.stdout, process.stderr);

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function seed(sources: readonly string[], options: SeedArguments): Promise<void> {
  const report = reportFor(options.json);
  if (sources.length + options.watch.length + options.list.length === 0)
    throw new SourceError(
      'Nothing to seed: name a file, a folder, a magnet (in quotes) or a .torrent, or --watch a folder',
    );
  const state = options.state || stateFolder(process.env);
  const announcer = new Announcer({ trackers: options.tracker, roster: options.roster, state });
  const client = new SeedClient({
    port: options.port,
    connectionsMax: options.connections,
    uploadMax: options.upload,
    downloadMax: options.download,
    memoryMax: options.memory,
    iceServers: () => announcer.iceServers(),
  });
  const seeder = new Seeder(
    client,
    { memory: new HashMemory(state), report, announcer },
    {
      site: options.roster[0]!,
      webSeeds: options.webSeed,
      downloads: options.downloads,
      diskMax: options.disk,
      torrentsMax: options.torrents,
    },
  );
  const faults = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => report.fault(wordsOf(error)));
  const changes: Changes = {
    appeared: (source) => void faults(seeder.seed(source)),
    left: (source) => void faults(seeder.end(source)),
    failed: (message) => report.fault(message),
  };
  const watchers = [
    ...options.watch.map((folder) => watchFolder(resolve(folder), changes)),
    ...options.list.map((list) => watchList(list, changes)),
  ];
  const aliveFile = join(state, 'alive');
  await mkdir(state, { recursive: true });
  const timer = setInterval(() => {
    void writeFile(aliveFile, '').catch(() => undefined); // its age tells the container's health check; a full disk shows there
    const { torrents } = client;
    const sum = (pick: (torrent: (typeof torrents)[number]) => number): number =>
      torrents.reduce((all, torrent) => all + pick(torrent), 0);
    report.stats({
      torrents: torrents.length,
      peers: sum(({ numPeers }) => numPeers),
      uploaded: sum(({ uploaded }) => uploaded),
      uploadSpeed: sum(({ uploadSpeed }) => uploadSpeed),
      downloadSpeed: sum(({ downloadSpeed }) => downloadSpeed),
      silentPeers: client.silentPeers,
      residentBytes: process.memoryUsage.rss(),
    });
  }, STATS_MS);
  let isStopping = false;
  const stop = async (exitCode: number): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref(); // a tracker that does not answer must not keep it
    clearInterval(timer);
    await Promise.all(watchers.map((watcher) => watcher.close()));
    announcer.close();
    await seeder.close();
    report.stopped();
    process.exit(exitCode);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  process.stdout.on('error', () => void stop(0)); // the program that read its output has ended
  await Promise.all(sources.map((source) => faults(seeder.seed(source))));
  const isWatching = watchers.length > 0;
  if (seeder.size === 0 && !isWatching) await stop(1);
}

async function make(path: string, options: MakeArguments): Promise<void> {
  const report = reportFor(options.json);
  const name = basename(resolve(path));
  const webSeeds = webSeedsFor(options.webSeed, { name, isFile: (await found(path)).isFile() });
  const bare = await makeTorrent(path, {
    webSeeds,
    progress: (share) => report.progress(`Hashing ${path}`, share),
  });
  const infoHash = infoHashOf(bare)!;
  const announcer = new Announcer({ trackers: options.tracker, roster: options.roster });
  const announce = await announcer.urls(infoHash);
  announcer.close();
  const output = options.output ?? `${name}.torrent`;
  await writeFile(output, withTrackers(bare, announce));
  report.note(`${output}: ${magnetOf({ infoHash, name }, announce, webSeeds)}`);
}

async function verify(file: string, folder: string, options: { readonly json?: boolean }): Promise<void> {
  const report = reportFor(options.json);
  await found(file);
  const bytes = await readFile(file);
  if (infoHashOf(bytes) === undefined) throw new SourceError(`"${file}" is no torrent file`);
  const client = new SeedClient({
    ...{ port: 0, connectionsMax: 1, uploadMax: 0, downloadMax: 0, memoryMax: 0 },
  });
  const torrent = await client.add(bytes, {
    ...{ folder, announce: [], isVerified: false },
  });
  const wrong = torrent.files.filter(({ progress }) => progress < 1);
  for (const { path, progress } of wrong)
    report.fault(`${path}: ${Math.floor(progress * 100)} % of it is there and right`);
  if (wrong.length === 0) report.note(`All of ${torrent.name} is there and right`);
  await client.close();
  process.exit(wrong.length === 0 ? 0 : 1);
}

/** @throws SourceError where nothing of that name is there */
function found(path: string): Promise<Stats> {
  return stat(path).catch(() => {
    throw new SourceError(`There is no file or folder "${path}"`);
  });
}

function stateFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_STATE_HOME']?.trim() || join(homedir(), '.local', 'state'), 'relay-seeder');
}

try {
  await readCommandLine({ seed, make, verify }, readSettings(process.env, seederSettings)).parseAsync();
} catch (error) {
  reportFor(process.argv.includes('--json')).fault(wordsOf(error));
  process.exit(1);
}
