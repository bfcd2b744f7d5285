// The command line. The only importer of commander.
import { Command, InvalidArgumentError, Option } from 'commander';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readBytes, readCount, readPort } from './quantities.ts';

export interface SeedArguments {
  readonly tracker: readonly string[];
  readonly roster: string;
  readonly webSeed: readonly string[];
  readonly watch: readonly string[];
  readonly list: readonly string[];
  readonly downloads: string;
  readonly state: string;
  readonly port: number;
  readonly connections: number;
  readonly torrents: number;
  readonly upload?: number;
  readonly download?: number;
  readonly disk: number;
  readonly memory: number;
  readonly json?: boolean;
}
export interface MakeArguments {
  readonly output?: string;
  readonly tracker: readonly string[];
  readonly roster: string;
  readonly webSeed: readonly string[];
  readonly json?: boolean;
}

export interface Commands {
  seed(sources: readonly string[], options: SeedArguments): Promise<void>;
  make(path: string, options: MakeArguments): Promise<void>;
  verify(torrent: string, path: string, options: { readonly json?: boolean }): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readCommandLine(commands: Commands, env: Environment): Command {
  const program = new Command('relay-seeder')
    .description(
      'Seeds files and magnets to browsers (WebRTC) and to everybody else (TCP), until it is stopped',
    )
    .showHelpAfterError('(relay-seeder --help shows every option)');
  program
    .command('seed', { isDefault: true })
    .description('seed files, folders, magnets and .torrents')
    .argument('[sources...]', 'files, folders, "magnet:?…" in quotes, .torrent files or addresses')
    .addOption(trackers())
    .addOption(trackers('--trackers').hideHelp())
    .addOption(roster(env))
    .option('-w, --web-seed <url...>', 'HTTP addresses of the same files', [])
    .option('--watch <folder...>', 'seed whatever appears in these folders', [])
    .option('--list <file or url...>', 'seed the magnets of these lists, one a line', [])
    .option('--downloads <folder>', 'where magnets are downloaded to', 'downloads')
    .option('--state <folder>', 'what was hashed before', stateFolder(env))
    .addOption(new Option('--port <port>', 'for TCP; 0: any').argParser(told(readPort)).default(0))
    .addOption(
      new Option('--connections <count>', 'peers at once, at most').argParser(told(readCount)).default(100),
    )
    .addOption(
      new Option('--torrents <count>', 'torrents at once, at most').argParser(told(readCount)).default(1000),
    )
    .addOption(new Option('--upload <bytes>', 'a second, at most (20M)').argParser(told(readBytes)))
    .addOption(new Option('--download <bytes>', 'a second, at most').argParser(told(readBytes)))
    .addOption(
      new Option('--disk <bytes>', 'for downloads, at most').argParser(told(readBytes)).default(20e9, '20G'),
    )
    .addOption(
      new Option('--memory <bytes>', 'for pieces, at most').argParser(told(readBytes)).default(256e6, '256M'),
    )
    .option('--json', 'one JSON object a line, for scripts')
    .action(({}, options: SeedArguments & { trackers?: readonly string[] }, command: Command) =>
      commands.seed(command.args, { ...options, tracker: [...options.tracker, ...(options.trackers ?? [])] }),
    );
  program
    .command('make')
    .description('write a .torrent, and seed nothing')
    .argument('<path>', 'a file or a folder')
    .option('-o, --output <file>', 'default: the name and .torrent')
    .addOption(trackers())
    .addOption(roster(env))
    .option('-w, --web-seed <url...>', 'HTTP addresses of the same files', [])
    .option('--json', 'one JSON object a line, for scripts')
    .action((path: string, options: MakeArguments) => commands.make(path, options));
  program
    .command('verify')
    .description('check files against their .torrent')
    .argument('<torrent>', 'a .torrent file')
    .argument('<folder>', 'the folder in which its file or folder is')
    .option('--json', 'one JSON object a line, for scripts')
    .action((torrent: string, folder: string, options: { json?: boolean }) =>
      commands.verify(torrent, folder, options),
    );
  return program;
}

const trackers = (flag = '-t, --tracker'): Option =>
  new Option(`${flag} <url...>`, 'trackers to use, instead of those the relays choose').default([]);

const roster = (env: Environment): Option =>
  new Option('-r, --roster <url>', 'a relay, which knows the others (SEEDER_ROSTER)').default(
    env['SEEDER_ROSTER']?.trim() || 'http://localhost:8000',
  );

function stateFolder(env: Environment): string {
  return (
    env['SEEDER_STATE']?.trim() ||
    join(env['XDG_STATE_HOME']?.trim() || join(homedir(), '.local', 'state'), 'relay-seeder')
  );
}

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
