// Two pages that know one relay each, not the same, meet in every room while one relay of ten is down, though no relay has a session with
// more than a few. `RELAYS=40 ROOMS=100` is the long drill; CI runs a short form.
import { join } from 'node:path';
import {
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type PageServer,
} from '../../../../test/support/chromium.ts';
import { startRelays, type Relays } from '../support/relays.ts';

const RELAYS = Number(process.env['RELAYS'] ?? 6);
const ROOMS = Number(process.env['ROOMS'] ?? 6);
const SESSIONS_MAX = RELAYS > 12 ? 8 : 3;
const CALL_SECONDS_MAX = 30;
const CALLS_AT_ONCE = 4;

interface Page {
  evaluate(script: string): Promise<unknown>;
}
const call = async <T>(page: Page, name: string, ...args: readonly unknown[]): Promise<T> =>
  (await page.evaluate(`program[${JSON.stringify(name)}](...${JSON.stringify(args)})`)) as T;

describeWithChromium(`${RELAYS} relays with ${SESSIONS_MAX} sessions each`, () => {
  let chromium: Browser;
  let relays: Relays;
  let pages: PageServer;

  beforeAll(async () => {
    const module = join(import.meta.dirname, '..', 'support', 'rooms-page.mjs');
    pages = await serveProgram(`export * from ${JSON.stringify(module)}`, import.meta.dirname);
    relays = await startRelays(RELAYS, {
      RELAY_SESSIONS_MAX: String(SESSIONS_MAX),
      RELAY_PER_ADDRESS_MAX: String(4 * RELAYS),
      RELAY_STATUS_SECONDS: RELAYS > 12 ? '10' : '1',
    });
    chromium = await launchChromium();
  }, 300_000);

  afterAll(async () => {
    await chromium.close();
    await Promise.all([relays.stop(), pages.close()]);
  });

  it(
    `two pages meet in ${ROOMS} of ${ROOMS} rooms while one relay of ten is down`,
    async () => {
      const [waiting, calling] = await Promise.all([
        openPage(chromium, pages.url),
        openPage(chromium, pages.url),
      ]);
      const last = relays.urls.length - 1;
      expect(await call(waiting, 'load', relays.urls[0])).toBe(RELAYS);
      expect(await call(calling, 'load', relays.urls[last])).toBe(RELAYS);
      const dead = relays.urls.slice(1, 1 + Math.ceil(RELAYS / 10));
      for (const url of dead) relays.kill(url);
      const rooms = Array.from({ length: ROOMS }, (_, i) => `room ${i} of ${Date.now()}`);
      await call(waiting, 'wait', rooms);
      const said: (string | undefined)[] = [];
      const beganAtMs = performance.now();
      for (let i = 0; i < rooms.length; i += CALLS_AT_ONCE) {
        const some = rooms.slice(i, i + CALLS_AT_ONCE);
        said.push(
          ...(await Promise.all(
            some.map((room) => call<string | undefined>(calling, 'call', room, CALL_SECONDS_MAX)),
          )),
        );
      }
      process.stdout.write(
        `client: ${RELAYS} relays, ${dead.length} killed: met in ${said.filter((one) => one?.endsWith(' too')).length} of ${ROOMS} rooms, ` +
          `${Math.round((performance.now() - beganAtMs) / ROOMS)} ms each\n`,
      );
      expect(said).toEqual(rooms.map((room) => `${room} too`));
    },
    60_000 + ROOMS * 15_000,
  );
});
