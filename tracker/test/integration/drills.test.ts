// The drills of docs/cluster.md in a short form: 54 clients instead of 1,000. How long things take is measured by hand (npm run drill -w tracker).
import { findTool, requireFound, requireTool } from '../../../test/support/tools.ts';
import { canMakeNamespaces } from '../../../test/support/namespace.ts';
import { drills } from '../../bench/cluster/drills.ts';
import { Nodes } from '../../bench/cluster/nodes.ts';

const CLIENTS = 54;
const SWARMS = 3;

requireTool('nats-server')('three trackers with real clients', () => {
  let nodes: Nodes;
  beforeAll(async () => (nodes = await Nodes.start(CLIENTS, SWARMS)), 60_000);
  afterAll(() => nodes.stop());

  const run = async (name: string): Promise<string> => {
    const said: string[] = [];
    const report = (text: string): number => said.push(text);
    await drills[name]!({ nodes, offersPerSecond: 20, engineHangsSeconds: 3, report });
    return said.join('\n');
  };
  requireFound({ 'network namespaces (root)': canMakeNamespaces(), ip: findTool('ip', '/usr/sbin/ip') })(
    'of which one is cut off from the engine',
    () => {
      it('count right on both sides, and after it has healed, without ghosts and without an offer twice', async () => {
        const said = await run('partitioned');
        expect(said).toMatch(/^healed: .* 0 ghosts$/m);
        expect(said).toMatch(/^partitioned: of \d+ offers \d+ arrived, 0 twice/m);
      }, 90_000);
    },
  );

  requireFound({ nginx: findTool('nginx', '/usr/sbin/nginx') })('of which each is replaced in turn', () => {
    it('cost each client one connection at most for each of them', async () => {
      const said = await run('rolling');
      const updates = [...said.matchAll(/replaced, (\d+) connections lost of (\d+)/g)];
      expect(updates).toHaveLength(3);
      for (const [, lost, there] of updates) expect(Number(lost)).toBeLessThanOrEqual(Number(there));
      const [, most, ghosts] = /(\d+) reconnects at most .* (\d+) ghosts/.exec(said)!;
      expect(Number(most)).toBeLessThanOrEqual(3);
      expect(ghosts).toBe('0');
    }, 90_000);
  });
});
