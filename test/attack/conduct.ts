// One attack from start to end: a fresh service, honest clients beside it, the attackers in a process of their own, and what came of it.
import { spawn } from 'node:child_process';
import type { Attack, Bars, ServiceName, Target } from './attack.ts';
import type { HonestClient } from './honest/honest-client.ts';
import { honestCalls } from './honest/turn.ts';
import { honestGunClients } from './honest/gun.ts';
import { honestPages } from './honest/tracker.ts';
import { honestPeers } from './honest/peerjs.ts';
import { figuresOf, Journal, recoveryMs, type Figures, type Round } from './journal.ts';
import { pause, RawSocket } from './raw-socket.ts';
import { onCore, prefer, PRIORITY } from './processes.ts';
import { startBehindNginx } from './behind-nginx.ts';
import { startService, type RunningService } from './services.ts';

export interface Form {
  readonly bars: Bars;
  readonly beforeMs: number;
  readonly duringMs: number;
  /** Longer than the time in which all must be normal again. */
  readonly afterMs: number;
}

export interface Outcome {
  readonly attack: Attack;
  readonly before: Figures;
  readonly during: Figures;
  /** Once the time to recover is over. */
  readonly after: Figures;
  readonly recoveryMs: number;
  readonly memoryShare: number;
  readonly memoryBy: RunningService['memoryBy'];
  readonly did: Did;
  readonly notes: readonly string[];
  /** Bars that were missed, and what must not have been possible; none where it held. */
  readonly faults: readonly string[];
}

const HONEST: Readonly<Record<ServiceName, (target: Target) => HonestClient[]>> = {
  tracker: honestPages,
  peerjs: honestPeers,
  gun: honestGunClients,
  stun: honestCalls,
};

export async function conduct(
  attack: Attack,
  { bars, beforeMs, duringMs, afterMs }: Form,
  tell: (line: string) => void,
): Promise<Outcome> {
  const start = attack.isBehindNginx === true ? startBehindNginx : startService;
  const service = await start(attack.service, attack.settings ?? {}, tell);
  await warmUp(service);
  const journal = new Journal();
  let isOver = false;
  const honest = HONEST[attack.service](service).map((client) => client.run(journal, () => isOver));
  const startedAtMs = performance.now();
  // The first rounds connect, and the service's code is cold.
  await pause(500);
  const fromMs = performance.now();
  await pause(beforeMs);
  const attackers = startAttackers(attack, service);
  const beginsAtMs = performance.now();
  await attackers.begun;
  await pause(duringMs);
  const { breaches, notes, did } = await attackers.end();
  const endsAtMs = performance.now();
  await pause(afterMs);
  const overAtMs = performance.now();
  isOver = true;
  await Promise.all(honest);

  const { rounds } = journal;
  const figures = {
    before: figuresOf(rounds, fromMs, beginsAtMs),
    during: figuresOf(rounds, beginsAtMs, endsAtMs),
    after: figuresOf(rounds, endsAtMs + bars.recoveryMsMax, overAtMs),
  };
  const normalAfterMs = recoveryMs(rounds, endsAtMs, bars.honestP99MsMax);
  const memoryShare = service.peakBytes() / service.memoryLimitBytes;
  const faults = [...breaches];
  faults.push(...service.faults);
  if (!service.isAlive) faults.push(`the process has ended: ${service.output.slice(-300)}`);
  if (memoryShare > bars.memoryShareMax)
    faults.push(`memory: ${Math.round(memoryShare * 100)} % of the limit`);
  if (!(figures.during.p99Ms <= bars.honestP99MsMax))
    faults.push(
      `honest p99 ${figures.during.p99Ms.toFixed(0)} ms (${slowest(rounds, beginsAtMs, endsAtMs)})`,
    );
  const lost = rounds.filter((one) => one.lost !== undefined && one.startedAtMs > startedAtMs);
  if (lost.length > bars.lostMax) faults.push(`${lost.length} honest lost: ${describe(lost)}`);
  if (normalAfterMs > bars.recoveryMsMax) faults.push(`normal after ${(normalAfterMs / 1000).toFixed(1)} s`);
  await service.stop();
  return {
    attack,
    ...figures,
    recoveryMs: normalAfterMs,
    memoryShare,
    memoryBy: service.memoryBy,
    did,
    notes,
    faults,
  };
}

/** The p99 of each kind of round. */
function slowest(rounds: readonly Round[], fromMs: number, toMs: number): string {
  return [...new Set(rounds.map(({ what }) => what))]
    .map((kind) => {
      const these = rounds.filter(({ what }) => what === kind);
      return `${kind} ${figuresOf(these, fromMs, toMs).p99Ms.toFixed(0)}`;
    })
    .join(', ');
}

/** A service that has run for a while has compiled its code: these connect, and go. */
async function warmUp({ port, httpPort }: Target): Promise<void> {
  for (let count = 0; count < 300; count++) {
    const address = `127.0.2.${1 + (count % 200)}`;
    const path = count % 2 === 0 ? '/gun' : `/peerjs?key=peerjs&id=warm${count}&token=t&version=1.5.5`;
    const socket = await RawSocket.open(httpPort, address, path).catch(() =>
      RawSocket.connect(port, address),
    );
    socket.socket.destroy();
  }
}

/** What was lost and why, the most frequent first. */
function describe(lost: readonly { what: string; lost?: string }[]): string {
  const counts = new Map<string, number>();
  for (const { what, lost: why } of lost) {
    const key = `${what}: ${why}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
  return sorted.map(([key, count]) => `${count} × ${key}`).join('; ');
}

/** What the attackers' process tells its parent. */
export interface Told {
  readonly breach?: string;
  readonly note?: string;
  /** What they did until now. */
  readonly did?: Did;
}

export interface Did {
  readonly opened: number;
  readonly sentBytes: number;
  /** What was refused or broke, and how often. */
  readonly failures: readonly (readonly [string, number])[];
}

function startAttackers(attack: Attack, { port, httpPort }: Target) {
  const target: Target = { port, httpPort };
  const args = [process.argv[1]!, '--attacker', attack.id, JSON.stringify(target)];
  const [command, ...before] = onCore(1);
  const child = spawn(command!, [...before, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  prefer(child, PRIORITY.attackers);
  const breaches = new Set<string>();
  const notes = new Set<string>();
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let did: Did = { opened: 0, sentBytes: 0, failures: [] };
  child.on('message', ({ breach, note, did: now }: Told) => {
    did = now ?? did;
    if (now !== undefined) begin();
    if (breach !== undefined) breaches.add(breach);
    if (note !== undefined) notes.add(note);
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('exit', () => begin());
  return {
    /** They have been compiled and started. */
    begun,
    /** All their sockets close at once, as when a machine is switched off. */
    end: async (): Promise<{ breaches: string[]; notes: string[]; did: Did }> => {
      if (child.exitCode !== null) breaches.add(`the attackers' own program ended with ${child.exitCode}`);
      child.kill('SIGKILL');
      await exited;
      return { breaches: [...breaches], notes: [...notes], did };
    },
  };
}
