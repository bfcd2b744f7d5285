// nginx before all trackers, as in the bundle: a new connection goes to the next one that takes it.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TRIES = 100;

export class Front {
  readonly url: string;
  readonly #folder: string;
  readonly #nginx: ChildProcess;

  private constructor(port: number, folder: string, nginx: ChildProcess) {
    this.url = `ws://127.0.0.1:${port}`;
    this.#folder = folder;
    this.#nginx = nginx;
  }

  static async start(ports: readonly number[]): Promise<Front> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    const folder = await mkdtemp(join(tmpdir(), 'front-'));
    const upstream = ports.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join(' ');
    await writeFile(
      join(folder, 'nginx.conf'),
      `pid nginx.pid; events { worker_connections 8192; }
http {
  access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  upstream trackers { ${upstream} }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://trackers; proxy_http_version 1.1; proxy_read_timeout 300s;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_next_upstream error timeout http_503;
    }
  }
}`,
    );
    const args = ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'];
    const nginx = spawn('nginx', args, { stdio: 'ignore' });
    for (let tries = 0; !(await answers(port)); tries++) {
      if (tries === START_TRIES) throw new Error('Cannot start nginx: it does not answer');
      await sleep(50);
    }
    return new Front(port, folder, nginx);
  }

  async stop(): Promise<void> {
    const end = once(this.#nginx, 'exit');
    this.#nginx.kill('SIGTERM');
    await end;
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
