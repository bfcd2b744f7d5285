// trystero's torrent strategy on the relays of an application. It opens its sockets once, for all rooms of a page, and again and again to the
// same URLs; so it is given names that stay, and each new socket goes to the relay that has the name's place at that moment.
import { textKey } from '@relay-swarm/protocol/ranking';
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { RelayChoice, type RelayChoiceOptions } from './relay-choice.ts';
import type { Roster } from './roster.ts';

/** What is used of `@trystero-p2p/torrent` (import * as trystero). */
export interface Trystero {
  getRelaySockets(): Record<string, WebSocket>;
  pauseRelayReconnection(): void;
  resumeRelayReconnection(): void;
}

/** How long after a socket's end trystero opens the next one, instead of its own 0 to 3.3 s: by then we know where to. */
const AGAIN_MS = 300;
/** Sooner than this after it was opened, a socket that ends waits as long as trystero wants. */
const LIVED_MS = 5_000;

/** The relays of one application; give `relayConfig` to joinRoom(). */
export class TrysteroRelays extends RelayChoice {
  readonly relayConfig: { readonly urls: string[] };
  readonly #trystero: Trystero;
  readonly #places: Place[];

  constructor(trystero: Trystero, roster: Roster, appId: string, options: RelayChoiceOptions = {}) {
    super(roster, textKey(appId), options);
    this.#trystero = trystero;
    this.#places = this.relays.map((relay) => ({ name: `wss://${++names}.relay-swarm.invalid/`, relay }));
    this.relayConfig = { urls: this.#places.map(({ name }) => name) };
    for (const place of this.#places) {
      places.set(place.name, () => place.relay.url);
      socketsEnded.set(place.name, () => this.#hurry());
    }
    leadSockets();
    this.on('relaychange', ({ added, removed }) => this.#move(added, removed));
  }

  #move(added: readonly RosterRelay[], removed: readonly RosterRelay[]): void {
    const coming = [...added];
    for (const place of this.#places) {
      if (!removed.some(({ id }) => id === place.relay.id)) continue;
      const next = coming.shift();
      if (next === undefined) continue;
      place.relay = next;
      const socket = this.#trystero.getRelaySockets()[place.name];
      if (socket === undefined || socket.readyState >= WebSocket.CLOSING) continue; // trystero opens the next one by itself
      // A frozen relay does not answer the close, and trystero would wait for that.
      const { onclose } = socket;
      socket.onclose = null;
      socket.close();
      this.#trystero.pauseRelayReconnection();
      onclose?.call(socket, new CloseEvent('close'));
      this.#trystero.resumeRelayReconnection();
    }
  }

  #hurry(): void {
    this.#trystero.pauseRelayReconnection();
    setTimeout(() => this.#trystero.resumeRelayReconnection(), AGAIN_MS);
  }
}

interface Place {
  readonly name: string;
  relay: RosterRelay;
}

let names = 0;
const places = new Map<string, () => string>();
const socketsEnded = new Map<string, () => void>();
let isLeading = false;

/** trystero takes the page's WebSocket and no other: from now on that one knows our names, and leaves all other URLs alone. */
function leadSockets(): void {
  if (isLeading) return;
  isLeading = true;
  globalThis.WebSocket = new Proxy(globalThis.WebSocket, {
    construct: (Target, [url, ...rest]: [string | URL, ...string[]], NewTarget) => {
      const name = String(url);
      const place = places.get(name);
      if (place === undefined) return Reflect.construct(Target, [url, ...rest], NewTarget) as WebSocket;
      const socket = Reflect.construct(Target, [place(), ...rest], NewTarget) as WebSocket;
      let openedAtMs = Infinity;
      socket.addEventListener('open', () => (openedAtMs = Date.now()));
      socket.addEventListener('close', () => {
        if (Date.now() - openedAtMs > LIVED_MS) socketsEnded.get(name)?.();
      });
      return socket;
    },
  });
}

/**
 * Gives trystero the k relays of this application: all pages with the same `appId` meet there. Call it before the first joinRoom() of the
 * page. It changes the page's WebSocket, for its own names only.
 */
export function keepTrystero(
  trystero: Trystero,
  roster: Roster,
  appId: string,
  options: RelayChoiceOptions = {},
): TrysteroRelays {
  return new TrysteroRelays(trystero, roster, appId, options);
}
