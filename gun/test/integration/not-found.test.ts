// What nobody has is told, as stock gun tells it: without that `.once()` and signing up never call back.
import { eventually, GunClient, startGunRelay, writeRoster, type RunningRelay } from '../support/relays.ts';

const relays: RunningRelay[] = [];
const clients: GunClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.stop();
  for (const relay of relays.splice(0)) await relay.stop();
});

function connect({ url }: RunningRelay): GunClient {
  const client = new GunClient(url);
  clients.push(client);
  return client;
}

async function linked(count: number): Promise<RunningRelay[]> {
  for (let number = 0; number < count; number++) relays.push(await startGunRelay());
  for (let number = 0; number < count; number++) await writeRoster(relays, number);
  if (count > 1) await eventually('a link', async () => (await relays[0]!.metric('links')) >= 1);
  return relays;
}

describe('what nobody has', () => {
  it('is told by a relay alone, and new users can sign up', async () => {
    const [relay] = await linked(1);
    const client = connect(relay!);
    expect(await client.once('nothing')).toBe(false);
    expect(await client.signsUp('alice')).toBe(true);
  });

  it('is told by linked relays, on both sides of the link', async () => {
    const [a, b] = await linked(2);
    expect(await connect(a!).once('nothing')).toBe(false);
    expect(await connect(b!).once('nothing else')).toBe(false);
  });

  it('is not said of what a linked relay has', async () => {
    const [a, b] = await linked(2);
    const writer = connect(b!);
    writer.put('something', { text: 'here' });
    await writer.saved('something');
    expect(await connect(a!).once('something')).toBe(true);
  });
});
