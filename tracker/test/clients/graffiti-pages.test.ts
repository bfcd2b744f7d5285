// The real @graffiti-garden/tracker-client in two Chromium pages, where it is at home.
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
} from '../../../test/support/chromium.ts';
import { graffitiModule } from '../support/graffiti-client.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

const program = `
  ${graffitiModule}
  let client;
  export async function connect(url) {
    const proof = await randomHash();
    client = new TrackerClient(proof, [url]);
    await client.trackers[0].tilOpen();
    return sha256Hex(proof);
  }
  export const announce = (hash) => client.announce(hash);
  let updates, next;
  // The client loses what is pushed while nobody waits for it, so waiting begins before the other page acts.
  export async function subscribe(hash) {
    updates = client.subscribe(hash);
    await wait();
    return client.trackers[0].request('unsubscribe', await randomHash()); // the relay has read the subscription
  }
  export const wait = async () => { next = updates.next(); };
  export const update = async () => (await next).value;
`;

describeWithChromium("Graffiti's client in two pages", () => {
  let browser: Browser;
  let tracker: RunningTracker;
  beforeAll(async () => {
    [browser, tracker] = await Promise.all([launchChromium(), startTracker()]);
  });
  afterAll(async () => {
    await browser.close();
    await tracker.stop();
  });

  it('hears that the other page announces, and that it was closed', async () => {
    const pages = await serveProgram(program, import.meta.dirname);
    try {
      const [alice, bob] = await Promise.all([openPage(browser, pages.url), openPage(browser, pages.url)]);
      const [id] = await Promise.all(
        [alice, bob].map((page) => callPage<string>(page, 'connect', tracker.url)),
      );
      const hash = 'ab'.repeat(32);
      await callPage(bob, 'subscribe', hash);
      expect(await callPage(alice, 'announce', hash)).toEqual(['announced']);
      expect(await callPage(bob, 'update')).toEqual({ action: 'announce', peer: id });
      await callPage(bob, 'wait');
      await alice.close();
      expect(await callPage(bob, 'update')).toEqual({ action: 'unannounce', peer: id });
    } finally {
      await pages.close();
    }
  });
});
