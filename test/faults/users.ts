// Everybody who uses the bundle all the while, and what each kind of them wrote down.
import { Journal } from '../attack/journal.ts';
import type { HonestClient } from '../attack/honest/honest-client.ts';
import type { Bundle } from './bundle.ts';
import { USER_KINDS, type UserKind } from './fault.ts';
import { calls } from './users/calls.ts';
import { SharedNode } from './users/graph.ts';
import type { GunPage } from './users/gun-page.ts';
import { login } from './users/login.ts';
import { readers } from './users/pages.ts';
import { peerjsPairs, trackerPairs } from './users/pairs.ts';
import { SteadyRoom } from './users/room.ts';
import type { Rounds } from './verdict.ts';

const PAIRS = 3;

export class Users {
  readonly gunWriter: GunPage;
  readonly #journals: Readonly<Record<UserKind, Journal>>;
  readonly #running: readonly Promise<void>[];
  #isOver = false;

  private constructor(clients: Readonly<Record<UserKind, readonly HonestClient[]>>, gunWriter: GunPage) {
    this.gunWriter = gunWriter;
    const journals = USER_KINDS.map((kind) => [kind, new Journal()] as const);
    this.#journals = Object.fromEntries(journals) as Record<UserKind, Journal>;
    this.#running = journals.flatMap(([kind, journal]) =>
      clients[kind].map((client) => client.run(journal, () => this.#isOver)),
    );
  }

  static async start({ port, stunPort }: Bundle): Promise<Users> {
    const [as, room] = [await login(port), await SteadyRoom.form(port)];
    const shared = new SharedNode(port);
    const clients = {
      pages: readers(port),
      tracker: trackerPairs(port, PAIRS),
      peerjs: peerjsPairs(port, PAIRS),
      turn: calls(stunPort, as),
      gun: [shared],
      mesh: [room],
    };
    return new Users(clients, shared.writer);
  }

  get rounds(): Rounds {
    return Object.fromEntries(
      USER_KINDS.map((kind) => [kind, this.#journals[kind].rounds]),
    ) as unknown as Rounds;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }
}
