// One info hash at its relays: announced or not, and who else announces it, as one view.
import type { RosterRelay } from '@relay-swarm/protocol/roster';
import { ClientError } from './errors.ts';
import type { EventQueue } from './event-queue.ts';
import type { GraffitiLink, LinkEvents } from './graffiti-link.ts';
import type { GraffitiLinks } from './graffiti-links.ts';
import { MergedView } from './merged-view.ts';
import type { RelayChoice } from './relay-choice.ts';

export interface GraffitiEvent {
  readonly action: 'announce' | 'unannounce';
  readonly peer: string;
}

/** What a lost connection has told is believed for so long: meanwhile the peers come to the next relay as we do. */
export const BELIEVED_MS = 10_000;

export class GraffitiTopic {
  readonly #infoHash: string;
  readonly #choice: RelayChoice;
  readonly #shared: GraffitiLinks;
  readonly #links = new Map<string, { link: GraffitiLink; listener: LinkEvents; source: string }>();
  readonly #view = new MergedView();
  readonly #queues = new Set<EventQueue<GraffitiEvent>>();
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly #cancels = new Set<() => void>();
  #isAnnounced = false;
  #isClosed = false;
  #connections = 0;

  constructor(infoHash: string, choice: RelayChoice, links: GraffitiLinks) {
    this.#infoHash = infoHash;
    this.#choice = choice;
    this.#shared = links;
    for (const relay of choice.relays) this.#connect(relay);
    choice.on('relaychange', ({ added, removed }) => {
      for (const relay of removed) this.#disconnect(relay);
      for (const relay of added) this.#connect(relay);
    });
  }

  /** Resolves when one relay has confirmed; the others get it as well, now or when they are reached. */
  announce(): Promise<void> {
    this.#isAnnounced = true;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      for (const { link } of this.#links.values())
        if (link.isReady) link.request('announce', [this.#infoHash]).then(() => this.#confirm(), reject);
    });
  }

  unannounce(): void {
    this.#isAnnounced = false;
    for (const { link } of this.#links.values()) this.#tell(link, 'unannounce');
  }

  subscribe(queue: EventQueue<GraffitiEvent>): void {
    const isFirst = this.#queues.size === 0;
    this.#queues.add(queue);
    for (const peer of this.#view.peers) queue.push({ action: 'announce', peer });
    if (isFirst) for (const { link } of this.#links.values()) this.#tell(link, 'subscribe');
  }

  unsubscribe(queue: EventQueue<GraffitiEvent>): void {
    this.#queues.delete(queue);
  }

  close(): void {
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    this.#choice.close();
    for (const relay of this.#choice.relays) this.#disconnect(relay);
    for (const queue of [...this.#queues]) queue.end();
    for (const { reject } of this.#waiting.splice(0))
      reject(
        new ClientError('CLOSED', 'Cannot announce: the client was closed before a relay has confirmed'),
      );
  }

  #connect(relay: RosterRelay): void {
    const nextSource = (): string => `${relay.id}#${++this.#connections}`;
    const link = this.#shared.get(relay);
    const listener: LinkEvents = {
      onReady: () => {
        if (this.#isAnnounced)
          link.request('announce', [this.#infoHash]).then(
            () => this.#confirm(),
            () => undefined,
          );
        if (this.#queues.size > 0) this.#tell(link, 'subscribe');
      },
      onPush: (action, peer, infoHash) => {
        if (infoHash === this.#infoHash) this.#pushed(relay, action, peer);
      },
      onLost: () => {
        const entry = this.#links.get(relay.id);
        if (entry === undefined) return;
        this.#forgetLater(entry.source);
        entry.source = nextSource();
      },
    };
    this.#links.set(relay.id, { link, listener, source: nextSource() });
    link.add(listener);
  }

  #disconnect(relay: RosterRelay): void {
    const entry = this.#links.get(relay.id);
    if (entry === undefined) return;
    this.#links.delete(relay.id);
    // Others may go on using the connection.
    if (this.#isAnnounced) this.#tell(entry.link, 'unannounce');
    this.#tell(entry.link, 'unsubscribe');
    this.#shared.release(relay, entry.listener);
    this.#forgetLater(entry.source);
  }

  #pushed(relay: RosterRelay, action: GraffitiEvent['action'], peer: string): void {
    const source = this.#links.get(relay.id)?.source;
    if (source === undefined) return;
    const isNews = action === 'announce' ? this.#view.add(source, peer) : this.#view.remove(source, peer);
    if (isNews) this.#give({ action, peer });
  }

  #forgetLater(source: string): void {
    if (this.#isClosed) return;
    const cancel = this.#shared.ports.after(BELIEVED_MS, () => {
      this.#cancels.delete(cancel);
      for (const peer of this.#view.drop(source)) this.#give({ action: 'unannounce', peer });
    });
    this.#cancels.add(cancel);
  }

  #give(event: GraffitiEvent): void {
    for (const queue of this.#queues) queue.push(event);
  }

  #confirm(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  /** Where it fails, the connection has ended, and the next one begins with the whole state. */
  #tell(link: GraffitiLink, action: 'unannounce' | 'subscribe' | 'unsubscribe'): void {
    if (link.isReady) link.request(action, [this.#infoHash]).catch(() => undefined);
  }
}
