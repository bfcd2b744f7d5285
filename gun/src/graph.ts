// gun's core without anything around it: no storage, no multicast, no AXE, no sockets of its own. The only importer of gun.
// It is handed wires and checked messages, and hands every message on to every other wire.
import Gun, { type GunPeer, type GunRoot } from 'gun/gun.js';
import type { GunMessage } from './frame.ts';
import { randomBytes } from 'node:crypto';
import { Memory } from './memory.ts';
import { RecentlyAsked } from './recently-asked.ts';
import { Unanswered } from './unanswered.ts';

export interface GraphWire {
  send(text: string): void;
  close(): void;
}

export interface Graph {
  readonly memory: Memory;
  /** Wires that are attached. */
  readonly peers: number;
  /** `isLink`: another gun relay, which may have data that no client here has. */
  attach(wire: GraphWire, isLink: boolean): GraphPeer;
}

export interface GraphPeer {
  hear(message: GunMessage): void;
  /** Tells the sender that its message was not taken. */
  refuse(id: string, why: string): void;
  /** Asks a new link for what clients have asked for lately: it may have data that was not found here. */
  catchUp(): void;
  gone(): void;
}

/** How long gun does other work before the event loop has a turn; its own rule is nine milliseconds. */
const SLICE_MS = 5;
(setTimeout as { hold?: number }).hold = SLICE_MS;

Gun.on('opt', function (root) {
  root.opt.relaySwarm(root);
  this.to.next(root);
});

/** gun never dials: a message must not decide which relays this one is linked to. */
function NoWebSocket(): never {
  throw new Error('Cannot dial: gun is handed its wires');
}

export function createGraph(bytesMax: number, complain: (words: string) => void): Graph {
  let memory!: Memory;
  const watch = (root: GunRoot): void => {
    memory = new Memory(bytesMax, (soul) => Reflect.deleteProperty(root.graph, soul));
    root.on('put', function (message) {
      const { '#': soul, '.': key, ':': value } = message.put;
      memory.written(soul, key, root.graph[soul]?.[key], value);
      this.to.next(message);
    });
  };
  const root = new Gun({
    localStorage: false,
    WebSocket: NoWebSocket,
    log: (...words) => complain(words.map(String).join(' ')),
    relaySwarm: watch,
  })._;
  // Keyed by names from outside
  for (const object of [root.graph, root.dup.s, root.opt.peers]) Object.setPrototypeOf(object, null);
  const { mesh } = root.opt;
  const asked = new RecentlyAsked();
  let links = 0;
  let peers = 0;
  const unanswered = new Unanswered();
  const has = (soul: string, key: unknown): boolean => {
    const node = root.graph[soul];
    return node !== undefined && (typeof key !== 'string' || node[key] !== undefined);
  };
  /** Begins the ids of our own questions. */
  const ours = `${randomBytes(9).toString('hex')}.`;
  let questions = 0;

  return {
    get memory() {
      return memory;
    },
    get peers() {
      return peers;
    },
    attach: (wire, isLink) => {
      const peer: GunPeer = { wire };
      mesh.hi(peer);
      peers++;
      if (isLink) links++;
      return {
        hear: (message) => {
          const { '#': id, '@': answers, put, get } = message;
          // An answer to an event's name would be taken for that event, and switch its listeners off
          if (typeof answers === 'string' && answers in root.tag) return;
          const soul = get?.['#'];
          if (typeof soul === 'string') asked.add(soul);
          if (typeof answers === 'string' && (put !== undefined || !isLink)) unanswered.answered(answers);
          else if (typeof answers === 'string' && isNotFound(message)) {
            unanswered.foundNothing(answers); // the others may know it, and gun would hand this on
            return;
          }
          const heard: Record<string, unknown> = { ...message };
          if (typeof answers === 'string' && answers.startsWith(ours)) {
            // No question waits for it, so gun would not pass it on; as a write it reaches all wires
            delete heard['@'];
            delete heard['##'];
          }
          mesh.hear(heard, peer);
          const isKept = put !== undefined && answers === undefined && !('err' in heard);
          // As stock gun's store does; without it `.once()` on missing data never calls back
          if (typeof soul === 'string' && id !== undefined && !has(soul, get!['.']))
            unanswered.wait(id, isLink ? 0 : links, () => {
              if (peer.wire !== null) mesh.say({ '@': id }, peer);
            });
          if (isKept && id !== undefined) mesh.say({ '@': id, ok: { '': 1 } }, peer);
        },
        catchUp: () => {
          for (const soul of asked.souls())
            mesh.say({ '#': `${ours}${questions++}.`, get: { '#': soul } }, peer);
        },
        refuse: (id, why) => mesh.say({ '@': id, err: why }, peer),
        gone: () => {
          peers--;
          if (isLink) links--;
          if (peer.wire !== null) mesh.bye(peer);
        },
      };
    },
  };
}

/** A link's "I do not have it": an answer with nothing in it. */
const isNotFound = ({ put, ok, err }: GunMessage): boolean =>
  put === undefined && ok === undefined && err === undefined;
