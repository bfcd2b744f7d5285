// Programs of this repository for tests, compiled from the sources of this moment: once for a test file, when one is first asked for, and gone
// after its last test. What is no test takes compileProgram().
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { compileProgram } from './compile.mjs';

const programs = new Map<string, Promise<string>>();

afterAll(async () => {
  for (const program of programs.values()) await rm(dirname(await program), { recursive: true, force: true });
});

/** @param entry for example tracker/src/main.ts */
export function programOf(entry: string): Promise<string> {
  const program = programs.get(entry) ?? compileProgram(entry);
  programs.set(entry, program);
  return program;
}
