// One worker as the service sees it: starts it, sends it messages, watches it and ends it.
import { SettingsError, type Log } from '@relay-swarm/kit';
import { fork, type ChildProcess } from 'node:child_process';
import type { ListeningAddress, TurnStats } from '../engine.ts';
import type { CountChange } from './ledger.ts';
import type { Arrangement } from '../listeners/listeners.ts';
import {
  WORKER_ARGUMENT,
  type BudgetNow,
  type FromWorker,
  type ToWorker,
  type WorkerStart,
} from './messages.ts';

export interface WorkerProcessOptions {
  readonly index: number;
  readonly log: Log;
  readonly onCounts: (changes: readonly CountChange[]) => void;
  /** It has ended without being told to. */
  readonly onDeath: (how: string) => void;
}

export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #isStopping = false;
  /** What waits for an answer. */
  #looked: () => void = () => undefined;
  #arranged: () => void = () => undefined;
  stats: TurnStats | undefined;
  budget: BudgetNow | undefined;
  listening: readonly ListeningAddress[] = [];
  linkPort = 0;
  /** Looks since it said something last. */
  silentLooks = 0;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.#child = fork(process.argv[1]!, [`${WORKER_ARGUMENT}${options.index}`], {
      serialization: 'advanced',
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#looked();
        this.#arranged();
        if (!this.#isStopping) options.onDeath(signal ?? `code ${code}`);
        resolve();
      });
    });
    // The worker is just ending; 'exit' follows.
    this.#child.on('error', (error) => options.log.debug('cannot speak to a worker', { error }));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Until it listens; rejects with its own sentence where it cannot. */
  start(start: WorkerStart): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (message: FromWorker) => {
        this.silentLooks = 0;
        if (message.kind === 'started') {
          this.linkPort = message.linkPort;
          resolve();
        } else if (message.kind === 'failed') reject(new SettingsError(message.message));
        else this.#receive(message);
      });
      this.#child.once('exit', () => reject(new Error('A worker of the TURN server ended while it started')));
      this.send({ kind: 'start', start });
    });
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message);
  }

  /** Until it has looked at this machine's addresses. */
  look(own: readonly string[]): Promise<void> {
    if (!this.#child.connected) return Promise.resolve();
    return new Promise((resolve) => {
      this.#looked = resolve;
      this.send({ kind: 'look', own });
    });
  }

  /** Resolves when it has done so; no other worker may bind meanwhile. */
  arrange(what: Arrangement): Promise<void> {
    if (!this.#child.connected) return Promise.resolve();
    return new Promise((resolve) => {
      this.#arranged = resolve;
      this.send({ kind: 'arrange', what });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.send({ kind: 'stop' });
    const killer = setTimeout(() => this.kill(), STOP_MS);
    await this.#ended;
    clearTimeout(killer);
  }

  #receive(message: FromWorker): void {
    const { index, log, onCounts } = this.#options;
    if (message.kind === 'looked') this.#looked();
    else if (message.kind === 'arranged') this.#arranged();
    else if (message.kind === 'counts') onCounts(message.changes);
    else if (message.kind === 'stats')
      ({ stats: this.stats, listening: this.listening, budget: this.budget } = message);
    else if (message.kind === 'log')
      log[message.level](message.message, { ...message.fields, worker: index });
  }
}

const STOP_MS = 3_000;
