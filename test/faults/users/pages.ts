// Somebody who opens the pages, and a page that asks which relays there are.
import { decodeRoster } from '@relay-swarm/protocol';
import { get } from '../../support/bundle.ts';
import { staying, type HonestClient } from '../../attack/honest/honest-client.ts';

const PAUSE_MS = 200;
const ROSTER = '/relays.json';

export function readers(port: number): HonestClient[] {
  return ['/', '/watch', ROSTER].map((path) =>
    staying(
      path,
      PAUSE_MS,
      () => Promise.resolve(undefined),
      async () => {
        const { status, body } = await get('localhost', path, port);
        if (status !== 200) throw new Error(`${path}: HTTP ${status}`);
        if (path === ROSTER) decodeRoster(body);
      },
      () => undefined,
    ),
  );
}
