// A page that stays, with a stock gun client and the lines of gun/README.md: in a process of its own, since gun keeps its state in the module.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ROUND_MS_MAX } from '../../attack/journal.ts';

export const GUN_HOST = 'gun.localhost';

type Happened = Readonly<Record<string, unknown>>;

export class GunPage {
  readonly #process: ChildProcess;
  readonly #waiting = new Set<(event: Happened) => void>();

  constructor(port: number) {
    const script = fileURLToPath(new URL('../../../gun/test/support/gun-client.mjs', import.meta.url));
    this.#process = fork(script, [`http://${GUN_HOST}:${port}/gun`], { stdio: 'ignore' });
    this.#process.on('message', (event) => this.#waiting.forEach((hear) => hear(event as Happened)));
  }

  /** Resolves when the relay says that it has it. */
  async put(soul: string, number: number): Promise<void> {
    const saved = this.#happens(
      (event) => event['saved'] === soul && has(event, number) && event['ok'] === true,
    );
    this.#process.send({ put: soul, value: { number } });
    await saved;
  }

  watch(soul: string): void {
    this.#process.send({ on: soul });
  }

  sees(soul: string, number: number): Promise<void> {
    return this.#happens((event) => event['node'] === soul && has(event, number));
  }

  close(): void {
    this.#process.kill('SIGKILL');
  }

  #happens(is: (event: Happened) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(hear);
      };
      const hear = (event: Happened): void => {
        if (!is(event)) return;
        end();
        resolve();
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error('no answer in time'));
      }, ROUND_MS_MAX);
      this.#waiting.add(hear);
    });
  }
}

const has = ({ value }: Happened, number: number): boolean =>
  (value as { number?: number } | undefined)?.number === number;
