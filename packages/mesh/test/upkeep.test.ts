// Links made, bounded, measured, replaced and given up by one member.
import { readLinkFrame, writeLinkFrame } from '@relay-swarm/protocol/mesh-packet';
import { Engine } from '../src/engine/engine.ts';
import type { EngineAction, EngineEvent } from '../src/engine/events.ts';
import { engineDefaults, type EngineOptions } from '../src/engine/options.ts';
import { wantedLinks } from '../src/engine/overlay.ts';
import { createDice, randomId } from '../src/simulator/dice.ts';

const [self, ...peers] = Array.from({ length: 12 }, (_, i) => randomId(createDice(i + 300)));
const STEP_MS = 10;

/** A member in a room of twelve. Its links open when they are dialled if `isAnswered`, and answer pings after `rttMs`. */
class Member {
  readonly engine: Engine;
  readonly actions: EngineAction[] = [];
  readonly #isAnswered: boolean;
  readonly #rttMs: (peer: string) => number;
  readonly #later: { atMs: number; event: EngineEvent }[] = [];
  nowMs = 0;

  constructor(
    options: Partial<EngineOptions>,
    isAnswered: boolean,
    rttMs: (peer: string) => number = () => 20,
  ) {
    this.#isAnswered = isAnswered;
    this.#rttMs = rttMs;
    const random = createDice(3);
    this.engine = new Engine({ id: self!, room: 'ab'.repeat(32), epoch: 1 }, options, { random });
    this.tell({ type: 'start' });
    this.tell({ type: 'members', server: 's', ids: peers });
  }

  tell(event: EngineEvent): void {
    for (const action of this.engine.handle(event, this.nowMs)) {
      this.actions.push(action);
      if (action.type === 'dial' && this.#isAnswered) {
        this.#later.push({ atMs: this.nowMs + STEP_MS, event: { type: 'link-open', peer: action.peer } });
      }
      if (action.type !== 'transmit') continue;
      const frame = readLinkFrame(action.bytes);
      if (frame.type !== 'ping') continue;
      const bytes = writeLinkFrame({ type: 'pong', token: frame.token });
      const atMs = this.nowMs + this.#rttMs(action.peer);
      this.#later.push({ atMs, event: { type: 'frame', peer: action.peer, bytes } });
    }
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += STEP_MS;
      this.tell({ type: 'wake' });
      for (const one of this.#later.splice(0)) {
        if (one.atMs <= this.nowMs) this.tell(one.event);
        else this.#later.push(one);
      }
    }
  }

  closed(reason: string): string[] {
    return this.actions.flatMap((action) =>
      action.type === 'close' && action.reason === reason ? [action.peer] : [],
    );
  }
}

it('strives for its target, and lets in no more than its maximum', () => {
  const member = new Member({}, true);
  member.pass(5_000);
  expect(member.engine.links.size).toBe(6);
  const others = peers.filter((peer) => !member.engine.links.has(peer));
  const accepted = others.map((peer) => member.engine.accepts(peer, false, member.nowMs));
  expect(accepted).toEqual([true, true, true, true, false]);
  expect(member.engine.accepts(self!, false, member.nowMs)).toBe(false);
  // A bridge between parts of the room may go past it, and so may one more
  const strangers = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32));
  expect(strangers.map((peer) => member.engine.accepts(peer, true, member.nowMs))).toEqual([
    true,
    true,
    false,
  ]);
});

it('frees what waits for a link that never opens, and rests before it dials the same again', () => {
  const member = new Member({}, false);
  member.pass(9_000);
  expect(member.closed('timeout').length).toBeGreaterThanOrEqual(4);
  member.pass(60_000);
  expect(member.engine.held['dials']).toBeLessThanOrEqual(4);
  const dials = member.actions.filter(({ type }) => type === 'dial').length;
  expect(dials).toBeLessThan(100);
});

it('replaces a link much slower than the others by a better one', () => {
  let slow = '';
  const member: Member = new Member({}, true, (peer) => (peer === slow ? 400 : 20));
  member.pass(3_000);
  slow = [...member.engine.links.keys()][0]!;
  member.pass(60_000);
  expect(member.closed('replaced')).toEqual([slow]);
  expect(member.engine.links.has(slow)).toBe(false);
  expect(member.engine.links.size).toBeGreaterThanOrEqual(6);
});

it('gives up a link that answers no pings', () => {
  let dead = '';
  const member: Member = new Member({}, true, (peer) => (peer === dead ? 1e9 : 20));
  member.pass(3_000);
  dead = [...member.engine.links.keys()][0]!;
  member.pass(15_000);
  expect(member.closed('silent')).toContain(dead);
});

it('wants more links in larger rooms where it is adaptive, and never more than its maximum', () => {
  const wanted = (isAdaptive: boolean, members: number): number =>
    wantedLinks({ ...engineDefaults, isAdaptive }, members);
  expect([2, 50, 100, 1_000, 1e6].map((members) => wanted(true, members))).toEqual([6, 6, 7, 9, 10]);
  expect([2, 1_000].map((members) => wanted(false, members))).toEqual([6, 6]);
});
