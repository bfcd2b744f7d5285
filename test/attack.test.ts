// The short form of `npm run attack`: a few of its attacks, briefly, one at least on each service.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { root } from './support/repository.ts';

describe('npm run attack', () => {
  it('finds every service standing, and serving again', async () => {
    const args = ['test/support/run-typescript.mjs', 'test/attack/main.ts', '--short'];
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      const child = execFile(process.execPath, args, { cwd: join(root) }, (_error, stdout, stderr) =>
        resolve({ code: child.exitCode ?? 1, output: stdout + stderr }),
      );
    });
    process.stdout.write(output);
    // The output is compared too, so that a failure shows it.
    expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('4 held, 0 missed') });
  }, 180_000);
});
