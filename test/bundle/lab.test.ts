// Three whole relays of the lab: they find each other, lose one that is gone, and stock gun clients of different relays meet.
import { execFileSync } from 'node:child_process';
import { GunClient } from '../../gun/test/support/relays.ts';
import { compose } from '../support/bundle.ts';
import { root } from '../support/repository.ts';

/** The bar for everything that happens to a relay. */
const SECONDS_MAX = 30;

const env = {
  ...process.env,
  LAB_NAME: 'relay-swarm-lab-test',
  LAB_NETWORK: '10.215.0',
  HEALTH_INTERVAL: '30s',
};
const lab = (...args: readonly string[]): string =>
  execFileSync('scripts/lab', args, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Waits until every relay lists all that it can reach and nobody else, and tells how long it took. */
function settled(what: string): void {
  process.stdout.write(`${what}: ${lab('wait', String(SECONDS_MAX))}`);
}

/** The addresses of the relays that each running relay lists, as `scripts/lab rosters` shows them. */
function rosters(): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  let last: string[] = [];
  for (const line of lab('rosters').split('\n')) {
    const [, number, state] = /^relay (\d+) .* (\w+)$/.exec(line) ?? [];
    if (number !== undefined) found[`${number} ${state}`] = last = [];
    const [, listed] = /^ +lists (\d+)/.exec(line) ?? [];
    if (listed !== undefined) last.push(listed);
  }
  for (const list of Object.values(found)) list.sort();
  return found;
}

async function gunUrlOf(number: number): Promise<string> {
  const address = `10.215.0.${10 + number}`;
  const { relays } = (await (await fetch(`http://${address}/relays.json`)).json()) as {
    relays: { url: string; services: { gun: string } }[];
  };
  return relays.find(({ url }) => url === `ws://${address}`)!.services.gun;
}

describe('the lab', () => {
  beforeAll(() => {
    lab('down');
    compose('--profile', 'gun', 'build', 'gun'); // the others were built when the bundle was brought up
    process.stdout.write(lab('up', '3', 'peerjs', 'stun', 'gun'));
  });
  afterAll(() => void lab('down'));

  const all = ['1', '2', '3'];

  it('has relays that list each other', () => {
    expect(rosters()).toEqual({ '1 up': all, '2 up': all, '3 up': all });
  });

  it('tells browsers of services at the address of their relay', async () => {
    const { relays } = (await (await fetch('http://10.215.0.11/relays.json')).json()) as {
      relays: Record<'url' | 'peerjs' | 'iceServers', string>[];
    };
    const hosts = relays.map((relay) =>
      [relay.url, relay.peerjs, relay.iceServers].map((url) => new URL(url).hostname),
    );
    expect(hosts.sort()).toEqual([11, 12, 13].map((last) => Array(3).fill(`10.215.0.${last}`)));
  });

  it('has gun clients that meet, each on its own relay of /relays.json', async () => {
    const [writer, reader] = [new GunClient(await gunUrlOf(1)), new GunClient(await gunUrlOf(3))];
    try {
      reader.on('lab');
      writer.put('lab', { text: 'over two relays' });
      await reader.sees('lab', { text: 'over two relays' });
    } finally {
      writer.stop();
      reader.stop();
    }
  });

  it('loses a relay that was killed, and gets it back', () => {
    lab('kill', '2');
    settled('killed');
    expect(rosters()).toEqual({ '1 up': ['1', '3'], '2 stopped': [], '3 up': ['1', '3'] });
    lab('start', '2');
    settled('started again');
    expect(rosters()['2 up']).toEqual(all);
  });

  it('loses a relay that was frozen, and gets it back', () => {
    lab('freeze', '3');
    settled('frozen');
    expect(rosters()).toEqual({ '1 up': ['1', '2'], '2 up': ['1', '2'], '3 frozen': [] });
    lab('thaw', '3');
    settled('thawed');
  });

  it('falls apart and heals', () => {
    lab('partition', '1');
    settled('cut off');
    expect(rosters()).toEqual({ '1 off': ['1'], '2 up': ['2', '3'], '3 up': ['2', '3'] });
    lab('heal', '1');
    settled('healed');
    expect(rosters()).toEqual({ '1 up': all, '2 up': all, '3 up': all });
  });

  it('tries what may befall a relay, and says how long it took', () => {
    expect(lab('try', 'kill')).toMatch(
      /gone from every roster: [\d.]+ s[^]*back in every roster[^]*: [\d.]+ s/,
    );
    expect(() => lab('try', 'flood')).toThrow(/no trial "flood"/);
  });

  it('may be brought up again, and says what is wrong', () => {
    expect(lab('up', '3', 'peerjs', 'stun', 'gun')).toContain('every relay lists all');
    expect(() => lab('freeze', '7')).toThrow(/There is no relay 7/);
    expect(() => lab('up', 'many')).toThrow(/from 1 to 100/);
    expect(() => lab('up', '3', 'nonsense')).toThrow(/no service "nonsense"/);
    expect(() => lab('fly')).toThrow(/scripts\/lab up/);
  });
});
