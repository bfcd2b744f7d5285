// What a page gets for TURN.
import { get } from '../../support/bundle.ts';
import type { Login } from '../../attack/honest/turn.ts';

export async function login(port: number): Promise<Login> {
  const { status, body } = await get('localhost', '/ice-servers', port);
  if (status !== 200) throw new Error(`/ice-servers: HTTP ${status}`);
  const { iceServers } = JSON.parse(body) as { iceServers: { username?: string; credential?: string }[] };
  const { username = '', credential = '' } = iceServers.find((one) => one.username !== undefined) ?? {};
  return { username, password: credential };
}
