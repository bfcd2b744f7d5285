// A mesh of members in this process: one says something, and it has to reach all the others.
import { joinFromNode } from '@relay-swarm/mesh/node';
import type { Room } from '@relay-swarm/mesh';
import type { HonestClient } from '../../attack/honest/honest-client.ts';
import type { Journal } from '../../attack/journal.ts';

const MEMBERS = 4;
const PAUSE_MS = 200;
const FORMED_MS_MAX = 30_000;

export class SteadyRoom implements HonestClient {
  readonly #rooms: readonly Room[];
  readonly #heard = new Map<string, { missing: number; done: () => void }>();
  #said = 0;

  private constructor(rooms: readonly Room[]) {
    this.#rooms = rooms;
    for (const room of rooms)
      room.on('message', ({ data }) => {
        const said = this.#heard.get(data as string);
        if (said !== undefined && --said.missing === 0) said.done();
      });
  }

  static async form(port: number): Promise<SteadyRoom> {
    const signaling = [`ws://localhost:${port}/mesh`];
    const rooms = await Promise.all(
      Array.from({ length: MEMBERS }, () => joinFromNode('steady room', { signaling })),
    );
    const untilMs = performance.now() + FORMED_MS_MAX;
    while (!rooms.every(({ links }) => links.length === MEMBERS - 1)) {
      if (performance.now() > untilMs) throw new Error('Cannot form the mesh: its members do not link');
      await pause(100);
    }
    return new SteadyRoom(rooms);
  }

  async run(journal: Journal, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await journal.round('message to all', () => this.#say());
      await pause(PAUSE_MS);
    }
    await Promise.all(this.#rooms.map((room) => room.leave()));
  }

  async #say(): Promise<void> {
    const text = `${this.#said}`;
    const all = new Promise<void>((done) => this.#heard.set(text, { missing: MEMBERS - 1, done }));
    await this.#rooms[this.#said++ % MEMBERS]!.broadcast(text);
    await all;
    this.#heard.delete(text);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
