// Of what build a node is: a digest of its program, told in its heartbeats.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readHeartbeat, writeHeartbeat } from '../src/heartbeat.ts';
import { Membership } from '../src/membership.ts';
import { releaseOf, releaseOfProcess } from '../src/release.ts';

const node = (number: number): string => number.toString(16).padStart(16, '0');

describe('of what build a node is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is the same for the same code in another place, and another one where a file differs', () => {
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    cpSync(join(import.meta.dirname, '../src'), first, { recursive: true });
    cpSync(first, second, { recursive: true });
    expect(releaseOf(first)).toMatch(/^[0-9a-f]{12}$/);
    expect(releaseOf(second)).toBe(releaseOf(first));
    writeFileSync(join(second, 'node.ts'), '// changed');
    expect(releaseOf(second)).not.toBe(releaseOf(first));
    expect(releaseOfProcess(join(folder, 'nowhere', 'main.js'))).toBe('');
  });

  it('is another one where a package of the image differs', () => {
    // As in an image: SERVICE/dist/main.js, and packages/NAME/dist.
    const release = (root: string, net: string): string => {
      for (const [part, text] of Object.entries({
        tracker: 'main',
        'packages/kit': 'kit',
        'packages/net': net,
      })) {
        mkdirSync(join(folder, root, part, 'dist'), { recursive: true });
        writeFileSync(join(folder, root, part, 'dist/main.js'), text);
      }
      mkdirSync(join(folder, root, 'packages/mesh'), { recursive: true }); // not compiled there
      return releaseOfProcess(join(folder, root, 'tracker/dist/main.js'));
    };
    const old = release('old', 'net');
    expect(old).toMatch(/^[0-9a-f]{12}$/);
    expect(release('same', 'net')).toBe(old);
    expect(release('new', 'net, changed')).not.toBe(old);
  });

  it('is told to the others, who know how many there are', () => {
    const membership = new Membership(node(0));
    const hear = (from: number, release?: unknown): void => {
      const bytes = Buffer.from(
        JSON.stringify({ version: 1, node: node(from), release, state: 'there', gauges: {} }),
      );
      membership.heard(readHeartbeat(bytes)!.heartbeat, 0);
    };
    hear(1, 'abc');
    hear(2, 'abc');
    expect([...membership.releases]).toEqual(['abc']);
    hear(2, 'def');
    hear(3); // one that is older, and tells nothing
    hear(4, 'x'.repeat(1_000));
    expect([...membership.releases]).toEqual(['abc', 'def', '', 'x'.repeat(64)]);
    const heartbeat = { node: node(5), release: 'abc', isDraining: false, gauges: {} };
    expect(readHeartbeat(writeHeartbeat(heartbeat, false))).toEqual({ heartbeat, isGone: false });
  });
});
