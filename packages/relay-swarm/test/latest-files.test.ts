import type { Log } from '@relay-swarm/kit';
import { LatestFiles } from '../src/files/latest-files.ts';

describe('LatestFiles', () => {
  let errors: number;
  let files: LatestFiles;
  beforeEach(() => {
    errors = 0;
    files = new LatestFiles({
      error: () => {
        errors++;
      },
    } as unknown as Log);
  });

  it('writes of each file the last word, while the disk hangs, and no other', async () => {
    const written: string[] = [];
    let release: () => void = () => undefined;
    files.write('a', () => new Promise((resolve) => (release = resolve)));
    for (let i = 0; i < 1_000; i++) {
      for (const name of ['a', 'b']) {
        files.write(name, () => {
          written.push(`${name}${i}`);
          return Promise.resolve();
        });
      }
    }
    release();
    await files.done();
    expect(written).toEqual(['a999', 'b999']);
  });

  it('tries again what failed, and tells of it once', async () => {
    let isFull = true;
    let written = 0;
    const write = (): Promise<void> => {
      if (isFull) return Promise.reject(new Error('ENOSPC'));
      written++;
      return Promise.resolve();
    };
    files.write('a', write);
    files.write('b', write);
    await files.done();
    files.retry();
    await files.done();
    expect({ errors, written }).toEqual({ errors: 1, written: 0 });
    isFull = false;
    files.retry();
    await files.done();
    files.retry();
    await files.done();
    expect({ errors, written }).toEqual({ errors: 1, written: 2 });
    isFull = true;
    files.write('a', write);
    await files.done();
    expect(errors).toBe(2);
  });

  it('does not write again what a later word has replaced', async () => {
    const written: string[] = [];
    files.write('a', () => Promise.reject(new Error('ENOSPC')));
    await files.done();
    files.write('a', () => Promise.resolve(written.push('later')).then(() => undefined));
    files.retry();
    await files.done();
    expect(written).toEqual(['later']);
  });
});
