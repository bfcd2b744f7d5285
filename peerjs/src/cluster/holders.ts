// Clients as the owner of an id sees them: one of this node's own, and one that another node holds.
import type { EdgeLink, RemoteLink } from '@relay-swarm/cluster';
import type { EngineClient } from '../signaling/engine.ts';
import { ID_TAKEN_TEXT, OPEN_TEXT } from '../signaling/words.ts';
import type { Holder } from './id-registry.ts';
import type { Recent } from './recent.ts';

/** What the bytes are that an owner sends to a client's node; before a text stands its name, in a line of its own. */
export const Told = { opened: 0, text: 1, idTaken: 2, replaced: 3 } as const;

export type EndClient<Client> = (client: Client, reason: 'id_taken' | 'replaced') => void;

export class OwnClient<Client extends EngineClient> implements Holder, EdgeLink {
  readonly client: Client;
  /** Owners count nothing by address: the client's node has charged it. */
  readonly addressKey = '';
  readonly probedUntilMs = 0;
  readonly #end: EndClient<Client>;
  readonly #passed: Recent;
  #isOpened = false;
  #hasEnded = false;
  /** Called when it is known whether the client gets its id. Messages that it sent before are passed on then. */
  #waiting: ((isOpened: boolean) => void)[] = [];

  constructor(client: Client, end: EndClient<Client>, passed: Recent) {
    this.client = client;
    this.#end = end;
    this.#passed = passed;
  }

  get waitingBytes(): number {
    return this.client.waitingBytes;
  }

  get isOpened(): boolean {
    return this.#isOpened && !this.#hasEnded;
  }

  /** Messages sent before the client has its id: PeerJS's clients send as soon as the WebSocket is open. */
  whenOpened(callback: (isOpened: boolean) => void): void {
    if (this.#hasEnded) callback(false);
    else this.#waiting.push(callback);
  }

  opened(): void {
    if (this.#isOpened || this.#hasEnded) return;
    this.#isOpened = true;
    this.client.send(OPEN_TEXT);
    this.#decided();
  }

  send(text: string, name = ''): void {
    if (name === '' || !this.#passed.meet(name)) this.client.send(text);
  }

  end(reason: 'id_taken' | 'replaced'): void {
    if (this.#hasEnded) return;
    this.left();
    if (reason === 'id_taken') this.client.send(ID_TAKEN_TEXT);
    this.#end(this.client, reason);
  }

  /** The client has gone. */
  left(): void {
    this.#hasEnded = true;
    this.#decided();
  }

  probe(): void {
    // the WebSocket's own pings tell whether it lives
  }

  #decided(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback(this.isOpened);
  }
}

export class RemoteClient implements Holder {
  readonly #remote: RemoteLink;
  readonly waitingBytes = 0;

  constructor(remote: RemoteLink) {
    this.#remote = remote;
  }

  opened(): void {
    this.#tell(Told.opened);
  }

  send(text: string, name = ''): void {
    this.#tell(Told.text, `${name}\n${text}`);
  }

  end(reason: 'id_taken' | 'replaced'): void {
    this.#tell(reason === 'id_taken' ? Told.idTaken : Told.replaced);
  }

  #tell(what: number, text = ''): void {
    this.#remote.deliver(Buffer.from(text), what, true);
  }
}
