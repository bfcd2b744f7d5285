// Everybody who uses the bundle all the while, and what each kind of them wrote down.
import { Journal } from '../attack/journal.ts';
import type { HonestClient } from '../attack/honest/honest-client.ts';
import type { Bundle } from './bundle.ts';
import { USER_KINDS, type UserKind } from './fault.ts';
import { get } from '../support/bundle.ts';
import { calls } from './users/calls.ts';
import { readers } from './users/pages.ts';
import { peerjsPairs, trackerPairs } from './users/pairs.ts';
import { SteadyRoom } from './users/room.ts';
import type { Rounds } from './verdict.ts';

const PAIRS = 3;

export class Users {
  readonly #journals: Readonly<Record<UserKind, Journal>>;
  readonly #running: readonly Promise<void>[];
  #isOver = false;

  private constructor(clients: Readonly<Record<UserKind, readonly HonestClient[]>>) {
    const journals = USER_KINDS.map((kind) => [kind, new Journal()] as const);
    this.#journals = Object.fromEntries(journals) as Record<UserKind, Journal>;
    this.#running = journals.flatMap(([kind, journal]) =>
      clients[kind].map((client) => client.run(journal, () => this.#isOver)),
    );
  }

  static async start({ port, stunPort }: Bundle): Promise<Users> {
    const { body } = await get('localhost', '/ice-servers', port);
    const { iceServers } = JSON.parse(body) as { iceServers: { username?: string; credential?: string }[] };
    const { username = '', credential = '' } = iceServers.find((one) => one.username !== undefined) ?? {};
    return new Users({
      pages: readers(port),
      tracker: trackerPairs(port, PAIRS),
      peerjs: peerjsPairs(port, PAIRS),
      turn: calls(stunPort, { username, password: credential }),
      mesh: [await SteadyRoom.form(port)],
    });
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
