// The command line, whose defaults are the settings of the environment. The only importer of commander.
import { Command, InvalidArgumentError, Option } from 'commander';
import { readRelay, readTracker } from './addresses.ts';
import { readBytes, readCount, readPort } from './quantities.ts';
import type { SeederSettings } from './settings.ts';

export interface SeedArguments {
  readonly tracker: readonly string[];
  readonly roster: readonly string[];
  readonly webSeed: readonly string[];
  readonly watch: readonly string[];
  readonly list: readonly string[];
  readonly downloads: string;
  readonly state: string;
  readonly port: number;
  readonly connections: number;
  readonly torrents: number;
  /** Bytes per second; 0: as fast as it goes. */
  readonly upload: number;
  readonly download: number;
  readonly disk: number;
  readonly memory: number;
  readonly json?: boolean;
}
export interface MakeArguments {
  readonly output?: string;
  readonly tracker: readonly string[];
  readonly roster: readonly string[];
  readonly webSeed: readonly string[];
  readonly json?: boolean;
}

export interface Commands {
  seed(sources: readonly string[], options: SeedArguments): Promise<void>;
  make(path: string, options: MakeArguments): Promise<void>;
  verify(torrent: string, path: string, options: { readonly json?: boolean }): Promise<void>;
}

export function readCommandLine(commands: Commands, settings: SeederSettings): Command {
  const program = new Command('relay-seeder')
    .description(
      'Seeds files and magnets to browsers (WebRTC) and to everybody else (TCP), until it is stopped',
    )
    .showHelpAfterError('(relay-seeder --help shows every option)');
  program
    .command('seed', { isDefault: true })
    .description('seed files, folders, magnets and .torrents')
    .argument('[sources...]', 'files, folders, "magnet:?…" in quotes, .torrent files or addresses')
    .addOption(trackers(settings))
    .addOption(new Option('--trackers <url...>').argParser(listed(readTracker)).default([]).hideHelp())
    .addOption(roster(settings))
    .addOption(webSeeds(settings))
    .option('--watch <folder...>', 'seed whatever appears in these folders', [...settings.watch])
    .option('--list <file or url...>', 'seed the magnets of these lists, one a line', [...settings.lists])
    .option('--downloads <folder>', 'where magnets are downloaded to', settings.downloads)
    .option('--state <folder>', 'what was hashed before', settings.state)
    .addOption(amount('--port <port>', 'for TCP; 0: any', readPort, settings.port))
    .addOption(amount('--connections <count>', 'peers at once, at most', readCount, settings.connectionsMax))
    .addOption(amount('--torrents <count>', 'torrents at once, at most', readCount, settings.torrentsMax))
    .addOption(amount('--upload <bytes>', 'a second, at most (20M); 0: all', readBytes, settings.uploadMax))
    .addOption(amount('--download <bytes>', 'a second, at most; 0: all', readBytes, settings.downloadMax))
    .addOption(amount('--disk <bytes>', 'for downloads, at most', readBytes, settings.diskMax))
    .addOption(
      amount('--memory <bytes>', 'for what peers have not taken yet, at most', readBytes, settings.memoryMax),
    )
    .addOption(json(settings))
    .action(({}, options: SeedArguments & { trackers?: readonly string[] }, command: Command) =>
      commands.seed(command.args, { ...options, tracker: [...options.tracker, ...(options.trackers ?? [])] }),
    );
  program
    .command('make')
    .description('write a .torrent, and seed nothing')
    .argument('<path>', 'a file or a folder')
    .option('-o, --output <file>', 'default: the name and .torrent')
    .addOption(trackers(settings))
    .addOption(roster(settings))
    .addOption(webSeeds(settings))
    .addOption(json(settings))
    .action((path: string, options: MakeArguments) => commands.make(path, options));
  program
    .command('verify')
    .description('check files against their .torrent')
    .argument('<torrent>', 'a .torrent file')
    .argument('<folder>', 'the folder in which its file or folder is')
    .addOption(json(settings))
    .action((torrent: string, folder: string, options: { json?: boolean }) =>
      commands.verify(torrent, folder, options),
    );
  return program;
}

const trackers = (settings: SeederSettings): Option =>
  new Option('-t, --tracker <url...>', 'trackers to use, instead of those the relays choose')
    .argParser(listed(readTracker))
    .default([...settings.trackers]);

const roster = (settings: SeederSettings): Option =>
  new Option('-r, --roster <url...>', 'a relay, which knows the others (SEEDER_ROSTER)')
    .argParser(listed(readRelay))
    .default([settings.roster]);

const webSeeds = (settings: SeederSettings): Option =>
  new Option(
    '-w, --web-seed <url...>',
    'HTTP addresses of the same files; behind a slash at the end comes the name',
  ).default([...settings.webSeeds]);

const json = (settings: SeederSettings): Option =>
  new Option('--json', 'one JSON object a line, for scripts').default(settings.logFormat === 'json');

const amount = (flags: string, help: string, reader: (text: string) => number, value: number): Option =>
  new Option(flags, help).argParser(told(reader)).default(value);

/** A reader's complaint as the library shows it: with the option's name. */
const told =
  <T>(reader: (text: string) => T) =>
  (text: string): T => {
    try {
      return reader(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };

/** For an option that takes several: what is given stands in the place of its default. */
const listed = (reader: (text: string) => string): ((text: string) => string[]) => {
  const given: string[] = [];
  return (text) => {
    given.push(told(reader)(text));
    return given;
  };
};
