// Honest gun clients: some ask, a pair shares a node, and newcomers ask once.
import { HONEST, NEWCOMERS, type Target } from '../attack.ts';
import { newcomers, staying, type HonestClient } from './honest-client.ts';
import { JsonSocket } from './json-socket.ts';

const PAUSE_MS = 60;

export function honestGunClients({ port }: Target): HonestClient[] {
  const url = `ws://127.0.0.1:${port}/gun`;
  const asking = Array.from({ length: 3 }, (_, index) =>
    staying(
      'question',
      PAUSE_MS,
      () => JsonSocket.open(url, HONEST),
      (client) => ask(client, `${index}`),
      (client) => client.close(),
    ),
  );
  return [
    ...asking,
    staying(
      'shared node',
      PAUSE_MS,
      () => openPair(url),
      share,
      ([writer, reader]) => {
        writer.close();
        reader.close();
      },
    ),
    newcomers(300, async (visit) => {
      const client = await JsonSocket.open(url, NEWCOMERS[visit % NEWCOMERS.length]!);
      await ask(client, 'new');
      client.close();
    }),
  ];
}

let questions = 0;
async function ask(client: JsonSocket, who: string): Promise<void> {
  const id = `ask${who}.${questions++}.`;
  client.send({ '#': id, get: { '#': `nothing${questions}` } });
  await client.take((message) => message['@'] === id);
}

async function openPair(url: string): Promise<[JsonSocket, JsonSocket]> {
  const [writer, reader] = [await JsonSocket.open(url, HONEST), await JsonSocket.open(url, HONEST)];
  reader.send({ '#': `subscribe${questions++}.`, get: { '#': 'honest' } });
  return [writer, reader];
}

async function share([writer, reader]: [JsonSocket, JsonSocket]): Promise<void> {
  const text = `value ${questions++}`;
  const states = { text: Date.now() };
  writer.send({ '#': `put${questions}.`, put: { honest: { _: { '#': 'honest', '>': states }, text } } });
  await reader.take((message) => JSON.stringify(message['put'] ?? '').includes(text));
}
