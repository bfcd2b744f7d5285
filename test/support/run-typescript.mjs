// node test/support/run-typescript.mjs FILE [arguments]: runs a TypeScript program of this repository, compiled from the sources of this moment.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { compileProgram } from './compile.mjs';

const [entry, ...args] = process.argv.slice(2);
if (entry === undefined) throw new Error('Cannot run nothing: name a file, for example test/attack/main.ts');
const program = await compileProgram(entry);
const child = spawn(process.execPath, [program, ...args], { stdio: 'inherit' });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => child.kill(signal));
child.on('exit', async (code) => {
  await rm(dirname(program), { recursive: true, force: true });
  process.exit(code ?? 1);
});
