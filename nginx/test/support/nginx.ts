// nginx as the container runs it, on this machine: rendered by the shipped script, on a free port.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../../scripts/lib/free-port.mjs';

const script = fileURLToPath(new URL('../../render.sh', import.meta.url));
export const placeholder = fileURLToPath(new URL('../../tls-placeholder.sh', import.meta.url));
const READY_MS_MAX = 10_000;

export type RenderSettings = Readonly<Record<string, string>>;

/** Runs the shipped script; `complaint` is what it wrote on standard error. */
export async function render(
  folder: string,
  settings: RenderSettings,
): Promise<{ ok: boolean; complaint: string }> {
  try {
    await promisify(execFile)(script, [folder], { env: { PATH: process.env['PATH'], ...settings } });
    return { ok: true, complaint: '' };
  } catch (error) {
    return { ok: false, complaint: (error as { stderr: string }).stderr };
  }
}

/** What `nginx -t` has to say about a rendered folder: undefined when it is content. */
export async function faultOf(folder: string): Promise<string | undefined> {
  try {
    await promisify(execFile)('nginx', [
      '-t',
      '-q',
      '-e',
      'stderr',
      '-p',
      folder,
      '-c',
      join(folder, 'nginx.conf'),
    ]);
    return undefined;
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
}

// Where root starts nginx, its workers are nobody: they must be able to read what tests write, also where the umask says otherwise.
process.umask(0o022);

export class NginxUnderTest {
  readonly folder: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly settings: RenderSettings;
  readonly #child: ChildProcess;

  private constructor(folder: string, port: number, settings: RenderSettings, child: ChildProcess) {
    this.folder = folder;
    this.port = port;
    this.tlsPort = Number(settings['NGINX_TLS_PORT']);
    this.settings = settings;
    this.#child = child;
  }

  /** `complains` is told what it writes to its error log, which else goes to ours. */
  static async start(settings: RenderSettings, complains?: (text: string) => void): Promise<NginxUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'nginx-'));
    await chmod(folder, 0o755); // where root starts nginx, its workers are nobody
    const [port, healthPort] = [await freePort(), await freePort()];
    const all = {
      NGINX_HTTP_PORT: String(port),
      NGINX_TLS_PORT: String(await freePort()),
      NGINX_TURNS_PORT: String(await freePort()),
      NGINX_HEALTH_PORT: String(healthPort),
      NGINX_METRICS_PORT: String(await freePort()),
      NGINX_ACCESS_LOG: join(folder, 'access.log'),
      NGINX_WORKERS: '1',
      NGINX_CONNECTIONS_MAX: '512',
      DATA_DIR: join(folder, 'data'),
      ACME_DIR: join(folder, 'acme'),
      TLS_DIR: join(folder, 'tls'),
      ...settings,
    };
    await promisify(execFile)(placeholder, [join(folder, 'tls')]);
    const { ok, complaint } = await render(folder, all);
    if (!ok) throw new Error(complaint);
    const args = ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'];
    const stderr = complains === undefined ? 'inherit' : 'pipe';
    const child = spawn('nginx', args, { stdio: ['ignore', 'ignore', stderr] });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => complains?.(text));
    const nginx = new NginxUnderTest(folder, port, all, child);
    const untilMs = Date.now() + READY_MS_MAX;
    while (!(await isUp(healthPort))) {
      if (Date.now() > untilMs || child.exitCode !== null) throw new Error('nginx did not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return nginx;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The access log's entries, once there are `count` of them: nginx writes one when a request is over. */
  async log(count: number): Promise<Record<string, unknown>[]> {
    const untilMs = Date.now() + READY_MS_MAX;
    for (;;) {
      const lines = (await readFile(this.settings['NGINX_ACCESS_LOG']!, 'utf8'))
        .split('\n')
        .filter((line) => line !== '');
      if (lines.length >= count) return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      if (Date.now() > untilMs)
        throw new Error(`Cannot find ${count} lines in the access log: found ${lines.length}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function isUp(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok;
  } catch {
    return false; // not listening yet
  }
}
