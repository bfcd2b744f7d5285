// The open connections, and of each relay the one session that stays: duplicates, a cap, eviction. Pure.
import type { RelayConnection } from './relay-connection.ts';
import { CLOSE, keepsNewer } from './session.ts';

export interface SessionTableOptions {
  readonly selfId: string;
  readonly sessionsMax: number;
  /** Whether the relay's URL has answered of late. */
  readonly isProven: (id: string) => boolean;
  /** A session was ended to make room; its connection closes later. */
  readonly evicted: (id: string) => void;
}

/** With relays that keep no table of all. */
const OLDER_SESSIONS_MAX = 256;

/** What became of a connection whose relay has proven its key. */
export type Placement = 'placed' | 'duplicate' | 'full';

export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #connections = new Set<RelayConnection>();
  readonly #byId = new Map<string, RelayConnection>();

  constructor(options: SessionTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }
  /** Sessions with relays that keep a table of all; older ones, which want a session with everybody, have theirs beside these. */
  get view(): RelayConnection[] {
    return this.all().filter(({ session }) => session.peer.version > 1);
  }
  /** All sockets, proven or not. */
  get connections(): ReadonlySet<RelayConnection> {
    return this.#connections;
  }

  get(id: string): RelayConnection | undefined {
    return this.#byId.get(id);
  }

  all(): RelayConnection[] {
    return [...this.#byId.values()];
  }

  add(connection: RelayConnection): void {
    this.#connections.add(connection);
  }

  /** The socket is closed; whether it was the relay's session. */
  remove(connection: RelayConnection): boolean {
    this.#connections.delete(connection);
    const { id } = connection;
    return id !== undefined && this.#byId.get(id) === connection && this.#byId.delete(id);
  }

  /** Ends the relay's session; its connection closes later. */
  drop(id: string): void {
    this.#byId.delete(id);
  }

  /** Makes it the relay's session and closes the duplicate. Where there is no room, the caller closes it. */
  place(connection: RelayConnection, id: string): Placement {
    const other = this.#byId.get(id);
    if (other !== undefined) {
      const isNewer = keepsNewer(other.session, connection.session, this.#options.selfId, id);
      (isNewer ? other : connection).close(CLOSE.duplicate, 'one session is enough');
      if (!isNewer) return 'duplicate';
    } else if (!this.#hasRoom(connection) && !this.#evictUnproven()) return 'full';
    this.#byId.set(id, connection);
    return 'placed';
  }

  #hasRoom({ session }: RelayConnection): boolean {
    const inView = this.view.length;
    return session.peer.version > 1
      ? inView < this.#options.sessionsMax
      : this.size - inView < OLDER_SESSIONS_MAX;
  }

  /** Makes room for a relay that can be proven. */
  #evictUnproven(): boolean {
    for (const [id, connection] of this.#byId) {
      if (this.#options.isProven(id)) continue;
      connection.close(CLOSE.full, 'full');
      this.#byId.delete(id);
      this.#options.evicted(id);
      return true;
    }
    return false;
  }
}
