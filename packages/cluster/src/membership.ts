// Which nodes are there. Each tells so twice a second; one that is silent for a second and a half is gone. Pure: the time is passed in.

/** How often a node says that it is there. */
export const HEARTBEAT_MS = 500;
/** A node may be silent for this long. */
const SILENT_MS_MAX = 1_500;

export interface Heartbeat {
  /** 16 hexadecimal characters, new at each start of a node. */
  readonly node: string;
  /** Of what build its code is; empty where it does not say. */
  readonly release: string;
  /** It owns nothing any more and will stop; its clients are still there. */
  readonly isDraining: boolean;
  /** What it counts, for the sum over all nodes. */
  readonly gauges: Readonly<Record<string, number>>;
}

interface Node {
  heartbeat: Heartbeat;
  heardAtMs: number;
}

export class Membership {
  readonly #others = new Map<string, Node>();
  readonly #self: string;
  #isDraining = false;
  #lastTickMs: number | undefined = undefined;
  /** Those that own keys, in order, this one included; a new array at each change. */
  owners: readonly string[];

  constructor(self: string) {
    this.#self = self;
    this.owners = [self];
  }

  /** The other nodes that are there. */
  get others(): string[] {
    return [...this.#others.keys()];
  }

  has(node: string): boolean {
    return this.#others.has(node);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** The builds of the others. */
  get releases(): Set<string> {
    return new Set(Array.from(this.#others.values(), ({ heartbeat }) => heartbeat.release));
  }

  gauges(): Heartbeat['gauges'][] {
    return Array.from(this.#others.values(), ({ heartbeat }) => heartbeat.gauges);
  }

  /** True where the owners are others now. */
  heard(heartbeat: Heartbeat, nowMs: number): boolean {
    if (heartbeat.node === this.#self) return false;
    this.#others.set(heartbeat.node, { heartbeat, heardAtMs: nowMs });
    return this.#look();
  }

  /** A node says that it goes. */
  left(node: string): boolean {
    return this.#others.delete(node) && (this.#look(), true);
  }

  /** From now on this node owns nothing. */
  drain(): boolean {
    this.#isDraining = true;
    return this.#look();
  }

  /**
   * Forgets nodes that were silent for too long, and returns them. Where this node itself was paused for that long, the others have
   * forgotten it, so it forgets all of them and begins again.
   */
  tick(nowMs: number): string[] {
    const stoodStill = nowMs - (this.#lastTickMs ?? nowMs) > SILENT_MS_MAX;
    this.#lastTickMs = nowMs;
    const lost: string[] = [];
    for (const [node, { heardAtMs }] of this.#others) {
      if (!stoodStill && nowMs - heardAtMs <= SILENT_MS_MAX) continue;
      this.#others.delete(node);
      lost.push(node);
    }
    if (lost.length > 0) this.#look();
    return lost;
  }

  #look(): boolean {
    const all: Pick<Heartbeat, 'node' | 'isDraining'>[] = Array.from(
      this.#others.values(),
      ({ heartbeat }) => heartbeat,
    );
    all.push({ node: this.#self, isDraining: this.#isDraining });
    const staying = all.filter(({ isDraining }) => !isDraining);
    // Where all nodes drain, some must still own what is left, and all must choose the same ones.
    const names = (staying.length > 0 ? staying : all).map(({ node }) => node);
    names.sort();
    if (names.length === this.owners.length && names.every((name, index) => name === this.owners[index]))
      return false;
    this.owners = names;
    return true;
  }
}
