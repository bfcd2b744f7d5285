// What all benches do with processes: start a program on a core of its own, ask the kernel what it used, stop it.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The Node that is measured: another one than runs the bench where BENCH_NODE names it, such as the one of the images. */
export const nodePath = process.env.BENCH_NODE ?? process.execPath;
export const nodeVersion = () => execFileSync(nodePath, ['--version'], { encoding: 'utf8' }).trim();

/**
 * Time of all threads in the program itself and in the kernel, in seconds; counted in ticks of 10 ms.
 * @param {number} pid
 */
function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { program: Number(fields[11]) / ticksPerSecond, kernel: Number(fields[12]) / ticksPerSecond };
}

/** The children of a process. @param {number} pid */
export const childrenOf = (pid) =>
  readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    .filter(Boolean)
    .map(Number);

/** `cpuSeconds` of a process and of its children together. @param {number} pid */
export function cpuSecondsOfAll(pid) {
  const all = [pid, ...childrenOf(pid)].map(cpuSeconds);
  return {
    program: all.reduce((sum, { program }) => sum + program, 0),
    kernel: all.reduce((sum, { kernel }) => sum + kernel, 0),
  };
}

/** Both together, in microseconds. @param {number} pid */
export function cpuMicroseconds(pid) {
  const { program, kernel } = cpuSeconds(pid);
  return (program + kernel) * 1e6;
}

/** @param {number} pid */
export function residentKilobytes(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/**
 * A program whose threads all stay on one core, or on those of a list such as 0,1.
 * @param {number | string} core @param {string} command @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {any} which streams it has depends on the options
 */
export function spawnOnCore(core, command, args, options) {
  if (availableParallelism() < 2) throw new Error('Cannot compare: this needs two cores, one for the load');
  return spawn('taskset', ['-c', String(core), command, ...args], options);
}

/** @param {number} port @param {import('node:child_process').ChildProcess} child */
export async function waitForPort(port, child) {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`Cannot go on: the server left with code ${child.exitCode}`);
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.destroy());
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`Cannot reach the server on port ${port} within 10 seconds`);
}

/** @param {import('node:child_process').ChildProcess} child */
export async function stopChild(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const left = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 9_000);
  await left;
  clearTimeout(killer);
}

/**
 * An address of loopback for a client of a load. As in life, each has its own: the connections of one address take turns, so that others are heard.
 * @param {number} index below 65,536
 */
export const clientAddress = (index) => `127.1.${index >> 8}.${index & 255}`;
