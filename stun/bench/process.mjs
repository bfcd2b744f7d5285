// Starts a program on one core, and asks the kernel how much processor time it has used.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Time of all threads in the program itself and in the kernel, in seconds; counted in ticks of 10 ms. */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { program: Number(fields[11]) / ticksPerSecond, kernel: Number(fields[12]) / ticksPerSecond };
}

export function spawnOnCore(core, command, args, options) {
  if (availableParallelism() < 2) throw new Error('Cannot compare: this needs two cores, one for the load');
  return spawn('taskset', ['-c', String(core), command, ...args], options);
}

export async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const left = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await left;
  clearTimeout(killer);
}
