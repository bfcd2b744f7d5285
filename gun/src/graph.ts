// gun's core without anything around it: no storage, no multicast, no AXE, no sockets of its own. The only importer of gun.
// It is handed wires and checked messages, and hands every message on to every other wire.
import Gun, { type GunPeer, type GunRoot } from 'gun/gun.js';
import type { GunMessage } from './frame.ts';
import { randomBytes } from 'node:crypto';
import { Memory } from './memory.ts';

export interface GraphWire {
  send(text: string): void;
  close(): void;
}

export interface Graph {
  readonly memory: Memory;
  attach(wire: GraphWire): GraphPeer;
}

export interface GraphPeer {
  hear(message: GunMessage): void;
  /** Asks for what clients have asked for lately: a new link may know what nobody here did. */
  catchUp(): void;
  gone(): void;
}

/** Souls asked for lately that are remembered. */
const ASKED_MAX = 500;

Gun.on('opt', function (root) {
  root.opt.relaySwarm(root);
  this.to.next(root);
});

/** gun never dials: whom it is linked to is not for its messages to say. */
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
  const asked = new Set<string>();
  const remember = (soul: string): void => {
    asked.delete(soul);
    asked.add(soul);
    if (asked.size > ASKED_MAX) asked.delete(asked.values().next().value!); // the oldest
  };
  /** Begins the ids of our own questions. */
  const ours = `${randomBytes(9).toString('hex')}.`;
  let questions = 0;

  return {
    get memory() {
      return memory;
    },
    attach: (wire) => {
      const peer: GunPeer = { wire };
      mesh.hi(peer);
      return {
        hear: (message) => {
          const { '#': id, '@': answers, put, get } = message;
          // An answer to an event's name would be taken for that event, and switch its listeners off
          if (typeof answers === 'string' && answers in root.tag) return;
          const soul = get?.['#'];
          if (typeof soul === 'string') remember(soul);
          const heard: Record<string, unknown> = { ...message };
          if (typeof answers === 'string' && answers.startsWith(ours)) {
            // Nobody waits for it, so gun would keep it to itself; as a write it reaches everybody
            delete heard['@'];
            delete heard['##'];
          }
          mesh.hear(heard, peer);
          const isKept = put !== undefined && answers === undefined && !('err' in heard);
          if (isKept && id !== undefined) mesh.say({ '@': id, ok: { '': 1 } }, peer);
        },
        catchUp: () => {
          for (const soul of asked) mesh.say({ '#': `${ours}${questions++}.`, get: { '#': soul } }, peer);
        },
        gone: () => {
          if (peer.wire !== null) mesh.bye(peer);
        },
      };
    },
  };
}
