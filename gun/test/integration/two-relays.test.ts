// Stock gun clients on different relays see each other's data.
import { eventually, GunClient, startGunRelay, writeRoster, type RunningRelay } from '../support/relays.ts';

const relays: RunningRelay[] = [];
const clients: GunClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.stop();
  for (const relay of relays.splice(0)) await relay.stop();
});

async function start(count: number): Promise<void> {
  for (let i = 0; i < count; i++) relays.push(await startGunRelay());
}
function clientOf(number: number): GunClient {
  const client = new GunClient(relays[number]!.url);
  clients.push(client);
  return client;
}

describe('gun clients', () => {
  it('see what is written on the same relay, before and after they came', async () => {
    await start(1);
    const [writer, reader] = [clientOf(0), clientOf(0)];
    reader.on('news');
    writer.put('news', { text: 'first' });
    await writer.saved('news');
    await reader.sees('news', { text: 'first' });
    const late = clientOf(0);
    late.on('news');
    await late.sees('news', { text: 'first' });
  });

  it('see what is written on another relay of the roster, in both directions', async () => {
    await start(2);
    const [a, b] = [clientOf(0), clientOf(1)];
    a.on('of-b');
    b.on('of-a');
    for (const number of [0, 1]) await writeRoster(relays, number);
    await eventually('the link', async () => (await relays[0]!.metric('links')) === 1);
    a.put('of-a', { from: 'a' });
    b.put('of-b', { from: 'b' });
    await b.sees('of-a', { from: 'a' });
    await a.sees('of-b', { from: 'b' });
    expect(await relays[1]!.metric('links')).toBe(0); // one link is enough for two
  });

  it('find what was written before their relay was linked', async () => {
    await start(2);
    const writer = clientOf(1);
    writer.put('old', { text: 'still here' });
    await writer.saved('old');
    for (const number of [0, 1]) await writeRoster(relays, number);
    await eventually('the link', async () => (await relays[0]!.metric('links')) === 1);
    const reader = clientOf(0);
    reader.on('old');
    await reader.sees('old', { text: 'still here' });
  });

  it('see what was written before the link, though they asked before it too', async () => {
    await start(2);
    for (const [writes, reads] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const [writer, reader] = [clientOf(writes), clientOf(reads)];
      reader.on(`by-${writes}`);
      writer.put(`by-${writes}`, { text: 'early' });
      await writer.saved(`by-${writes}`);
    }
    for (const number of [0, 1]) await writeRoster(relays, number);
    await clients[1]!.sees('by-0', { text: 'early' });
    await clients[3]!.sees('by-1', { text: 'early' });
  });

  it('lose a relay that leaves the roster, and get it back with it', async () => {
    await start(2);
    await writeRoster(relays, 0);
    await eventually('the link', async () => (await relays[0]!.metric('links')) === 1);
    const both = relays.splice(0);
    relays.push(both[0]!);
    await writeRoster(relays, 0);
    relays.push(both[1]!);
    await eventually('the end of the link', async () => (await relays[1]!.metric('connections')) === 0);
    await writeRoster(relays, 0);
    await eventually('the link', async () => (await relays[1]!.metric('connections')) === 1);
  });
});
