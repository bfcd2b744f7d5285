// A page whose program enters rooms with members of its own, for tests to drive.
import { join } from 'node:path';
import { bundleForBrowser, programPage } from '../../../../test/support/chromium.ts';

const program = `
  import { join } from '@relay-swarm/mesh';
  const rooms = [];
  const heard = [];
  export async function enter(count, name, options) {
    for (let i = 0; i < count; i++) {
      const room = await join(name, options);
      room.on('message', ({ data }) => heard.push(room.id + ' ' + data));
      rooms.push(room);
    }
    return rooms.map(({ id }) => id);
  }
  export const state = () => rooms.map((room) => ({
    id: room.id,
    members: room.members.length + 1,
    links: room.links.length,
    parts: new Set(room.view.components).size,
    servers: room.servers.filter(({ isJoined }) => isJoined).length,
  }));
  export async function broadcast(text) {
    for (const room of rooms) await room.broadcast(text + ' ' + room.id.slice(0, 8) + ' ' + 'x'.repeat(600));
  }
  /** Messages with this text, for all members of the page together; and how many of them came twice. */
  export function count(text) {
    const meant = heard.filter((one) => one.includes(' ' + text + ' '));
    return [meant.length, meant.length - new Set(meant).size];
  }
`;

export const memberPage = async (): Promise<Record<string, string>> =>
  programPage(await bundleForBrowser(program, join(import.meta.dirname, '..')));
