// The short form of `npm run fuzz`: every parser for a fraction of a second, from its committed corpus.
import { execFile } from 'node:child_process';
import { root } from './support/repository.ts';

describe('npm run fuzz', () => {
  it('finds no input that a parser should not have thrown at', async () => {
    const args = ['test/support/run-typescript.mjs', 'test/fuzz/main.ts', '--seconds', '6'];
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      const child = execFile(process.execPath, args, { cwd: root }, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? 1, output: stdout + stderr }),
      );
    });
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining(' 0 found') });
  }, 90_000);
});
