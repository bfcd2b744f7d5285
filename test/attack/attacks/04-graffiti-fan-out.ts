// A thousand subscribers of 400 names, and those who announce all of them at once and hang up: 400,000 messages each time, twice.
import { randomBytes } from 'node:crypto';
import { frame } from '../../../tracker/test/support/raw-client.ts';
import type { Attack } from '../attack.ts';
import { crowd, RawSocket } from '../raw-socket.ts';

const SUBSCRIBERS = 500; // an address may have 100 connections
const ANNOUNCERS = 25;

const hashes = Array.from({ length: 400 }, (_, index) => index.toString(16).padStart(64, '0'));
const request = (action: string): Buffer =>
  frame(JSON.stringify({ messageID: randomBytes(32).toString('hex'), action, info_hashes: hashes }));
/** A secret of 64 characters is all that a Graffiti peer is. */
const proof = (): Buffer => frame(randomBytes(32).toString('hex'));

export const attack: Attack = {
  id: '4',
  title: `Graffiti: ${SUBSCRIBERS} subscribers × 400 names, ${ANNOUNCERS} announce and hang up`,
  service: 'tracker',
  run: ({ port }) =>
    crowd(async ({ index, address }) => {
      const socket = await RawSocket.open(port, address);
      await socket.send(proof());
      if (index < SUBSCRIBERS - ANNOUNCERS) {
        await socket.send(request('subscribe'));
        await socket.closed;
      } else {
        await socket.send(request('announce'));
        await new Promise((resolve) => setTimeout(resolve, 100));
        socket.socket.destroy();
      }
    }, SUBSCRIBERS),
};
