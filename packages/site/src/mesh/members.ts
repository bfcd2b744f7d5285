// The members that live in this page: real ones, with connections of their own. Any of them may be killed or put on the island.
import { join, webRtc, type Room } from '@relay-swarm/mesh';
import { gated } from './gate.ts';

export interface Step {
  readonly member: string;
  readonly from: string;
  readonly hops: number;
}

const COLLECT_MS = 2_500;
/** Longer than what is flooded, so that it goes along the tree. */
const TRACE_CHARS = 700;

export class Members {
  readonly rooms: Room[] = [];
  readonly island = new Set<string>();
  readonly #name: string;
  readonly #signaling: readonly string[];
  readonly #entered: (room: Room) => void;
  readonly #iceServers: readonly RTCIceServer[];
  readonly #changed: () => void;
  readonly #watchers = new Set<(step: Step & { source: string }) => void>();

  constructor(options: {
    name: string;
    signaling: readonly string[];
    /** Before anything else is done with a new member. */
    entered: (room: Room) => void;
    iceServers: readonly RTCIceServer[];
    changed: () => void;
  }) {
    this.#name = options.name;
    this.#signaling = options.signaling;
    this.#entered = options.entered;
    this.#iceServers = options.iceServers;
    this.#changed = options.changed;
  }

  find(id: string | undefined): Room | undefined {
    return this.rooms.find((room) => room.id === id);
  }

  async add(): Promise<Room> {
    const isCut = (self: string, peer: string): boolean => this.island.has(self) !== this.island.has(peer);
    const room = await join(this.#name, {
      signaling: this.#signaling,
      transport: gated(webRtc({ iceServers: this.#iceServers }), isCut),
    });
    this.#entered(room);
    room.on('viewchanged', this.#changed);
    room.on('server', this.#changed);
    room.on('memberjoined', this.#changed);
    room.on('memberleft', this.#changed);
    room.on('passed', ({ source, from, hops }) => {
      for (const watch of this.#watchers) watch({ member: room.id, source, from, hops });
    });
    this.rooms.push(room);
    this.#changed();
    return room;
  }

  /** Tells nobody. */
  kill(id: string): void {
    const room = this.find(id);
    if (!room) return;
    this.rooms.splice(this.rooms.indexOf(room), 1);
    this.island.delete(id);
    room.abandon();
    this.#changed();
  }

  toggleIsland(id: string): void {
    if (!this.island.delete(id)) this.island.add(id);
    this.#changed();
  }

  /** Says something, and returns how it came to the members of this page. */
  async trace(id: string): Promise<Step[]> {
    const room = this.find(id);
    if (!room) return [];
    const steps = new Map<string, Step>();
    const watch = ({ source, ...step }: Step & { source: string }): void => {
      if (source === id && !steps.has(step.member)) steps.set(step.member, step);
    };
    this.#watchers.add(watch);
    await room.broadcast('trace '.padEnd(TRACE_CHARS, '.'), { channel: 'trace' });
    const all = (): boolean => steps.size >= this.rooms.length - 1;
    for (let waitedMs = 0; waitedMs < COLLECT_MS && !all(); waitedMs += 50) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.#watchers.delete(watch);
    return [...steps.values()];
  }

  stop(): void {
    for (const room of this.rooms) room.hurry();
  }
}
