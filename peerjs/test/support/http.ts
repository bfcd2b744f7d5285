// What the tests ask of the service by plain HTTP, and upgrades whose answers are read as they stand.
import { connect as connectTcp } from 'node:net';

export const get = (port: number, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers });

export async function metric(port: number, name: string): Promise<number> {
  const text = await (await get(port, '/metrics')).text();
  const line = text.split('\n').find((one) => one.startsWith(`peerjs_${name} `));
  return line === undefined ? 0 : Number(line.split(' ').at(-1));
}

/** An upgrade request whose answer is read as it stands. */
export function upgrade(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  more: Buffer = Buffer.alloc(0),
): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = {
      host: 'localhost',
      upgrade: 'websocket',
      connection: 'Upgrade',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    let answer = '';
    const socket = connectTcp(port, '127.0.0.1', () => {
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
      socket.write(more);
    });
    socket.setTimeout(3_000, () => socket.destroy(new Error('Cannot wait longer for an answer')));
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
