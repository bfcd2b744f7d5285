// A room that members come to and go from while others talk: half of those who go say so, half just vanish.
import type { EngineOptions } from '../engine/options.ts';
import { createDice } from './dice.ts';
import type { Member, NetworkModel } from './network.ts';
import { VirtualRoom } from './room.ts';

export interface ChurnScenario {
  readonly members: number;
  /** Of the members, the share that is replaced in a minute. */
  readonly perMinute: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly seed: number;
  readonly engine?: Partial<EngineOptions>;
  readonly model?: Partial<NetworkModel>;
}

export interface ChurnOutcome {
  readonly broadcasts: number;
  readonly replaced: number;
  /** Of those who were in the room some seconds before a broadcast and stayed some seconds after it, from 0 to 1. */
  readonly delivered: number;
  readonly meanMs: number;
  readonly lastMs: number;
  /** Payload packets that reached a member, for each that was new to it. */
  readonly copies: number;
}

const TALK_MS = 500;
/** Members that come or leave within this time of a broadcast do not count: they have no links yet, or are gone before it can reach them. */
const SETTLED_MS = 5_000;

export function runChurn(scenario: ChurnScenario): ChurnOutcome {
  const { members: count, perMinute, seconds, bytes, seed, engine, model } = scenario;
  const dice = createDice(seed);
  const room = new VirtualRoom(dice, engine, model);
  const stays = new Map<string, { fromMs: number; untilMs: number }>();
  const enter = (many: number): void => {
    const fromMs = room.network.nowMs;
    for (const { id } of room.join(many)) stays.set(id, { fromMs, untilMs: Number.POSITIVE_INFINITY });
  };
  const pick = (): Member => room.members[Math.floor(dice() * room.members.length)]!;
  enter(count);
  room.runUntil(() => room.isWhole(), 60_000);
  room.network.run(SETTLED_MS);

  const sent: { source: string; atMs: number }[] = [];
  let replaced = 0;
  for (let ms = 0; ms < 1_000 * seconds; ms += TALK_MS) {
    if (dice() < (perMinute * count * TALK_MS) / 60_000) {
      const member = pick();
      stays.get(member.id)!.untilMs = room.network.nowMs;
      if (dice() < 0.5) room.kill(member);
      else {
        room.leave(member);
        member.isAlive = false;
      }
      enter(1);
      replaced++;
    }
    const source = pick();
    room.broadcast(source, `${sent.length} `.padEnd(bytes, '.'));
    sent.push({ source: source.id, atMs: room.network.nowMs });
    room.network.run(TALK_MS);
  }
  room.network.run(3 * SETTLED_MS);

  const firsts = new Map<string, number>();
  for (const { to, text, atMs } of room.deliveries) firsts.set(`${Number.parseInt(text, 10)} ${to}`, atMs);
  let wanted = 0;
  const times: number[] = [];
  sent.forEach(({ source, atMs }, i) => {
    // A source that has just come knows nobody yet, and the message of one that leaves at once may have reached nobody
    const stay = stays.get(source)!;
    if (stay.fromMs > atMs - SETTLED_MS || stay.untilMs < atMs + SETTLED_MS) return;
    for (const [id, { fromMs, untilMs }] of stays) {
      if (id === source || fromMs > atMs - SETTLED_MS || untilMs < atMs + SETTLED_MS) continue;
      wanted++;
      const hadAtMs = firsts.get(`${i} ${id}`);
      if (hadAtMs !== undefined) times.push(hadAtMs - atMs);
    }
  });
  const sums = room.members.reduce(
    (sum, { engine: { stats } }) => ({
      packets: sum.packets + stats.packets,
      duplicates: sum.duplicates + stats.duplicates,
    }),
    { packets: 0, duplicates: 0 },
  );
  return {
    broadcasts: sent.length,
    replaced,
    delivered: times.length / wanted,
    meanMs: times.reduce((sum, ms) => sum + ms, 0) / times.length,
    lastMs: times.reduce((most, ms) => Math.max(most, ms), 0),
    copies: (sums.packets + sums.duplicates) / sums.packets,
  };
}
