// Three trackers, a nats-server and a crowd of clients at each tracker: what the drills happen to, and what is seen of it.
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compileProgram } from '../../../test/support/compile.mjs';
import { NatsServer } from '../../../test/support/nats-server.ts';
import { HandClient, type Received } from '../../test/support/hand-client.ts';
import { WiredMachine } from '../../../test/support/namespace.ts';
import { Front } from './front.ts';
import { spawnTracker, type TrackerPlace, type TrackerProcess } from '../../test/support/tracker-process.ts';
import type { CrowdCounts, CrowdOrder } from './crowd.ts';

export class Crowd {
  readonly #child: ChildProcess;
  #asks = 0;

  constructor(program: string) {
    this.#child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  tell(order: CrowdOrder): void {
    this.#child.send(order);
  }

  ask(): Promise<CrowdCounts> {
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      const hear = (counts: CrowdCounts): void => {
        if (counts.ask !== ask) return;
        this.#child.off('message', hear);
        resolve(counts);
      };
      this.#child.on('message', hear);
      this.tell({ ask });
    });
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

interface Differences {
  readonly missing: number;
  readonly ghosts: number;
}

export interface Place {
  tracker: TrackerProcess;
  readonly role: 'relay' | 'node';
  /** Its own, whose wire to the engine can be cut. */
  readonly machine?: WiredMachine;
  readonly crowd: Crowd;
  /** Not there, or frozen: neither asked nor counted. */
  isOut: boolean;
}

const START_MS_MAX = 60_000;
const POLL_MS = 50;
const ANSWER_MS_MAX = 400;
/** An offer that has no answer by then was lost. */
const ANSWERED_MS_MAX = 3_000;

export class Nodes {
  readonly nats: NatsServer;
  readonly places: Place[] = [];
  readonly #crowdProgram: string;
  readonly #infoHashes: readonly string[];
  #front: Front | undefined;
  #fronted: Crowd | undefined;

  private constructor(nats: NatsServer, crowdProgram: string, swarms: number) {
    this.nats = nats;
    this.#crowdProgram = crowdProgram;
    this.#infoHashes = Array.from({ length: swarms }, (_, index) =>
      (index + 1).toString(16).padStart(40, '7'),
    );
  }

  static async start(clients: number, swarms: number): Promise<Nodes> {
    const nodes = new Nodes(
      await NatsServer.start('0.0.0.0'),
      await compileProgram('tracker/bench/cluster/crowd.ts'),
      swarms,
    );
    try {
      for (let index = 0; index < 3; index++)
        await nodes.add(index === 0 ? 'relay' : 'node', Math.ceil(clients / 3));
      await nodes.whole(START_MS_MAX);
    } catch (error) {
      await nodes.stop();
      throw error;
    }
    return nodes;
  }

  /** Another tracker, with so many clients. */
  async add(role: 'relay' | 'node', clients: number): Promise<Place> {
    const tracker = await this.#spawn(role, this.nats.url);
    return this.#place({ tracker, role, crowd: this.#crowd(tracker.url, clients), isOut: false });
  }

  /** The same on a machine of its own: one wire for its clients, and one for the engine. */
  async addMachine(clients: number): Promise<Place & { readonly machine: WiredMachine }> {
    const machine = await WiredMachine.create();
    const { there: host } = machine.wire('clients');
    const { here } = machine.wire('engine');
    const at = { machine: { pid: machine.namespace.pid, host } };
    const tracker = await this.#spawn('node', this.nats.urlAt(here), at);
    const crowd = this.#crowd(tracker.url, clients);
    const place = { tracker, role: 'node', crowd, isOut: false, machine } as const;
    this.#place(place);
    return place;
  }

  #place(place: Place): Place {
    this.places.push(place);
    return place;
  }

  /** A new version in place of a tracker that has stopped, at its port. */
  async replace(place: Place): Promise<void> {
    place.tracker = await this.#spawn(place.role, this.nats.url, { port: place.tracker.port });
    place.isOut = false;
  }

  /** Clients that come through an nginx before all trackers, and are told apart from those of the places. */
  async addFront(clients: number): Promise<Crowd> {
    this.#front = await Front.start(this.places.map(({ tracker }) => tracker.port));
    this.#fronted = this.#crowd(this.#front.url, clients);
    return this.#fronted;
  }

  async removeFront(): Promise<void> {
    this.#fronted?.end();
    await this.#front?.stop();
    this.#front = this.#fronted = undefined;
  }

  #spawn(role: 'relay' | 'node', engine: string, at: TrackerPlace = {}): Promise<TrackerProcess> {
    return spawnTracker(
      {
        CLUSTER_URL: engine,
        CLUSTER_TOKEN: NatsServer.token,
        TRACKER_ROLE: role,
        TRACKER_DHT_ENABLED: 'false',
        // The load asks for more than any client may.
        TRACKER_PEERS_PER_ADDRESS_MAX: '100000',
        TRACKER_CONNECTIONS_PER_ADDRESS_MAX: '100000',
        TRACKER_ANNOUNCES_PER_SECOND: '1000',
      },
      at,
    );
  }

  #crowd(url: string, clients: number): Crowd {
    const crowd = new Crowd(this.#crowdProgram);
    if (clients > 0) crowd.tell({ open: { url, clients, infoHashes: this.#infoHashes } });
    return crowd;
  }

  get there(): readonly Place[] {
    return this.places.filter(({ isOut }) => !isOut);
  }

  get #crowds(): readonly Crowd[] {
    return [...this.there.map(({ crowd }) => crowd), ...(this.#fronted === undefined ? [] : [this.#fronted])];
  }

  offer(perSecondAtEach: number): void {
    this.#fronted?.tell({ offersPerSecond: perSecondAtEach });
    for (const { crowd } of this.places) crowd.tell({ offersPerSecond: perSecondAtEach });
  }

  /** Offers of the clients of the places that are there. */
  async offers(): Promise<{ sent: number; answered: number; received: number; repeated: number }> {
    const counts = await Promise.all(this.#crowds.map((crowd) => crowd.ask()));
    const sum = (key: 'sent' | 'answered' | 'received' | 'repeated'): number =>
      counts.reduce((total, one) => total + one[key], 0);
    return {
      sent: sum('sent'),
      answered: sum('answered'),
      received: sum('received'),
      repeated: sum('repeated'),
    };
  }

  /** How many offers of what happens meanwhile found no answer, and of how many. */
  async lostWhile(
    perSecondAtEach: number,
    seconds: number,
    happens: () => Promise<unknown>,
  ): Promise<string> {
    const before = await this.offers();
    this.offer(perSecondAtEach);
    await sleep((seconds / 3) * 1000);
    await happens();
    await sleep(((2 * seconds) / 3) * 1000);
    this.offer(0);
    for (let waitedMs = 0; ; waitedMs += 250) {
      const after = await this.offers();
      const sent = after.sent - before.sent;
      const lost = sent - (after.answered - before.answered);
      if (lost === 0 || waitedMs >= ANSWERED_MS_MAX) return `${lost} of ${sent}`;
      await sleep(250);
    }
  }

  /** Milliseconds until each tracker counts in each swarm exactly the clients that are connected, twice in a row. */
  whole(waitMs: number): Promise<number> {
    return this.#whole(waitMs, () => this.differences());
  }

  /** The same of one place alone: its tracker knows its own clients, and no others. */
  wholeAlone({ crowd, tracker }: Place, waitMs: number): Promise<number> {
    return this.#whole(waitMs, () => this.#differences([crowd], [tracker]));
  }

  async #whole(waitMs: number, differences: () => Promise<Differences>): Promise<number> {
    const startedMs = performance.now();
    let sinceMs: number | undefined;
    for (;;) {
      const askedMs = performance.now();
      const { missing, ghosts } = await differences();
      if (missing + ghosts > 0) sinceMs = undefined;
      else if (sinceMs === undefined) sinceMs = askedMs;
      else return sinceMs - startedMs;
      if (performance.now() - startedMs > waitMs)
        throw new Error(`Cannot wait longer: ${missing} clients are missing, ${ghosts} are counted too many`);
      await sleep(POLL_MS);
    }
  }

  /** Over all trackers: clients that are not counted, and counted ones that are not there. */
  differences(): Promise<Differences> {
    return this.#differences(
      this.#crowds,
      this.there.map(({ tracker }) => tracker),
    );
  }

  async #differences(crowds: readonly Crowd[], trackers: readonly TrackerProcess[]): Promise<Differences> {
    const connected = new Map<string, number>();
    for (const counts of await Promise.all(crowds.map((crowd) => crowd.ask())))
      for (const [hash, count] of Object.entries(counts.connected))
        connected.set(hash, (connected.get(hash) ?? 0) + count);
    let [missing, ghosts] = [0, 0];
    for (const counted of await Promise.all(trackers.map((tracker) => this.#scrape(tracker))))
      for (const hash of this.#infoHashes) {
        const difference = (counted.get(hash) ?? 0) - (connected.get(hash) ?? 0);
        if (difference > 0) ghosts += difference;
        else missing -= difference;
      }
    return { missing, ghosts };
  }

  async #scrape(tracker: TrackerProcess): Promise<Map<string, number>> {
    const counted = new Map<string, number>();
    const client = await HandClient.open(tracker.url).catch(() => undefined);
    if (client === undefined) return counted;
    client.send({
      action: 'scrape',
      info_hash: this.#infoHashes.map((hash) => Buffer.from(hash, 'hex').toString('latin1')),
    });
    const untilMs = performance.now() + ANSWER_MS_MAX;
    while (counted.size < this.#infoHashes.length && performance.now() < untilMs) {
      const reply = await client
        .take('a scrape', (message) => 'files' in message, untilMs - performance.now())
        .catch(() => undefined);
      for (const [hash, file] of Object.entries((reply?.['files'] ?? {}) as Record<string, Received>))
        counted.set(
          Buffer.from(hash, 'latin1').toString('hex'),
          Number(file['complete']) + Number(file['incomplete']),
        );
    }
    client.close();
    return counted;
  }

  /** Megabytes that each tracker takes. */
  memory(): number[] {
    return this.there.map(({ tracker }) => {
      const status = readFileSync(`/proc/${tracker.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    });
  }

  async stop(): Promise<void> {
    await this.removeFront();
    for (const { crowd } of this.places) crowd.end();
    await Promise.all(this.places.map(({ tracker }) => (tracker.thaw(), tracker.stop())));
    await Promise.all(this.places.map(async ({ machine }) => machine?.end()));
    await this.nats.kill();
    await rm(dirname(this.#crowdProgram), { recursive: true, force: true });
  }
}
