// BitTorrent clients as programs. One seeds, others get: the tracker is all that they know of each other.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../scripts/lib/free-port.mjs';

const LIBTORRENT = join(import.meta.dirname, 'libtorrent-client.py');
const PIECE_BYTES = 16_384;

/** A torrent of one small file, as bytes: BEP 3. */
function torrentOf(announce: string, name: string, content: Buffer): Buffer {
  const pieces = Buffer.concat(
    Array.from({ length: Math.ceil(content.length / PIECE_BYTES) }, (_, i) =>
      createHash('sha1')
        .update(content.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES))
        .digest(),
    ),
  );
  const text = (value: string): string => `${Buffer.byteLength(value)}:${value}`;
  return Buffer.concat([
    Buffer.from(`d${text('announce')}${text(announce)}${text('info')}d`),
    Buffer.from(`${text('length')}i${content.length}e${text('name')}${text(name)}`),
    Buffer.from(`${text('piece length')}i${PIECE_BYTES}e${text('pieces')}${pieces.length}:`),
    pieces,
    Buffer.from('ee'),
  ]);
}

export interface Torrent {
  readonly file: string;
  readonly name: string;
  readonly content: Buffer;
}

/** Starts a program; its output is collected for whoever wants to know why it failed. */
type Start = (program: string, args: readonly string[]) => ChildProcess;

export class TorrentSwarm {
  readonly #folder: string;
  readonly #start: Start;
  readonly #processes = new Set<ChildProcess>();
  readonly #torrents = new Map<string, Torrent>();

  /** Programs are started with this environment, where names are known as \`program()\` makes them known. */
  constructor(folder: string, env: NodeJS.ProcessEnv, program: (name: string) => string) {
    this.#folder = folder;
    mkdirSync(join(folder, 'seeded'), { recursive: true });
    this.#start = (name, args) => {
      const home = join(folder, `home-${this.#processes.size}`);
      mkdirSync(home);
      const child = spawn(program(name), args, {
        cwd: home,
        env: { ...env, HOME: home },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      this.#processes.add(child);
      return child;
    };
  }

  /** Makes a torrent whose tracker this is, with a content that no other has. */
  make(name: string, announce: string): Torrent {
    const content = Buffer.alloc(3 * PIECE_BYTES + 7, `${name} `);
    const file = join(this.#folder, `${name}.torrent`);
    writeFileSync(file, torrentOf(announce, name, content));
    writeFileSync(join(this.#folder, 'seeded', name), content);
    const torrent = { file, name, content };
    this.#torrents.set(name, torrent);
    return torrent;
  }

  torrent(name: string): Torrent {
    return this.#torrents.get(name)!;
  }

  /** libtorrent seeds all that was made; resolves once the tracker knows of all. */
  async seed(): Promise<void> {
    const files = [...this.#torrents.values()].map(({ file }) => file);
    const args = [LIBTORRENT, join(this.#folder, 'seeded'), String(await freePort()), ...files];
    const seeder = this.#start('/usr/bin/python3', args);
    await says(seeder, `seeding ${files.length}\n`);
  }

  /** Gets the torrent with this client; resolves with what was got. */
  async get(client: string, torrent: Torrent, caFile: string): Promise<Buffer> {
    const folder = join(this.#folder, `${torrent.name}-got`);
    mkdirSync(folder, { recursive: true });
    const { program, args } = CLIENTS[client]!({
      folder,
      torrent: torrent.file,
      caFile,
      port: await freePort(),
    });
    const child = this.#start(program, args);
    const output = collect(child);
    const file = join(folder, torrent.name);
    for (;;) {
      if (existsSync(file) && readFileSync(file).equals(torrent.content)) break;
      if (child.exitCode !== null && child.exitCode !== 0) throw new Error(`${client} ended:\n${output()}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    child.kill('SIGKILL');
    return readFileSync(file);
  }

  stop(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
  }
}

interface Wish {
  readonly folder: string;
  readonly torrent: string;
  readonly caFile: string;
  readonly port: number;
}

/** How each is told to ask nobody but the tracker. */
export const CLIENTS: Readonly<Record<string, (wish: Wish) => { program: string; args: string[] }>> = {
  libtorrent: ({ folder, torrent, port }) => ({
    program: '/usr/bin/python3',
    args: [LIBTORRENT, folder, String(port), torrent],
  }),
  aria2: ({ folder, torrent, caFile, port }) => ({
    program: 'aria2c',
    args: [
      // It speaks UDP with trackers only where its DHT is on; nobody answers there.
      ...['--dht-entry-point=127.0.0.1:9', `--dht-listen-port=${port}`, `--dht-file-path=${folder}-dht`],
      ...['--enable-peer-exchange=false', '--bt-enable-lpd=false', '--seed-time=0'],
      ...[`--ca-certificate=${caFile}`, `--listen-port=${port}`, `--dir=${folder}`, torrent],
    ],
  }),
  Transmission: ({ folder, torrent, port }) => {
    const off = ['dht-enabled', 'lpd-enabled', 'pex-enabled', 'utp-enabled', 'port-forwarding-enabled'];
    const settings = Object.fromEntries(off.map((name) => [name, false]));
    const config = `${folder}-config`;
    mkdirSync(config, { recursive: true });
    writeFileSync(join(config, 'settings.json'), JSON.stringify(settings));
    return {
      program: 'transmission-cli',
      args: ['-g', config, '-w', folder, '-p', String(port), '-M', torrent],
    };
  },
  rTorrent: ({ folder, torrent, caFile, port }) => {
    const file = `${folder}.rc`;
    writeFileSync(
      file,
      `system.daemon.set = true
directory.default.set = ${folder}
network.port_range.set = ${port}-${port}
dht.mode.set = disable
protocol.pex.set = no
trackers.use_udp.set = yes
network.http.cacert.set = ${caFile}
load.start = ${torrent}
`,
    );
    return { program: 'rtorrent', args: ['-n', '-o', `import=${file}`] };
  },
};

function collect(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (part: string) => (output = (output + part).slice(-4_000)));
  return () => output;
}

function says(child: ChildProcess, text: string): Promise<void> {
  const output = collect(child);
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', () => {
      if (output().includes(text)) resolve();
    });
    child.once('error', reject).once('exit', () => reject(new Error(`It ended:\n${output()}`)));
  });
}

/** Runs a program to its end and returns its standard output. */
export function outputOf(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, timeout: 120_000 }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`)),
    );
  });
}
