// trystero's torrent strategy in two Chromium contexts: two pages of one room find each other through our tracker and talk.
// Its habits differ from webtorrent's: no events, offers sent again and again, encrypted SDP, five announces in the first two seconds.
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type PageServer,
} from '../../../test/support/chromium.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

const program = `
  import { joinRoom, selfId } from '@trystero-p2p/torrent';

  const warnings = [];
  console.warn = (...words) => warnings.push(words.join(' '));
  const joined = Promise.withResolvers();
  const received = Promise.withResolvers();
  let say;

  export async function join(url, roomId) {
    const room = joinRoom({ appId: 'relay-swarm', password: 'not the tracker’s business', relayConfig: { urls: [url] }, rtcConfig: { iceServers: [] } }, roomId);
    say = room.makeAction('say');
    say.onMessage = (text, { peerId }) => received.resolve({ text, from: peerId });
    room.onPeerJoin = (peerId) => joined.resolve(peerId);
    return selfId;
  }
  export const waitForPeer = () => joined.promise;
  export const send = (text) => say.send(text);
  export const receive = () => received.promise;
  export const warningsSeen = async () => warnings;
`;

describeWithChromium("trystero's torrent strategy", () => {
  let browser: Browser;
  let tracker: RunningTracker;
  let pages: PageServer;

  beforeAll(async () => {
    [browser, tracker] = await Promise.all([launchChromium(), startTracker()]);
    pages = await serveProgram(program, import.meta.dirname);
  });

  afterAll(async () => {
    await browser.close();
    await pages.close();
    await tracker.stop();
  });

  it('lets two pages of one room join and exchange messages', async () => {
    const [one, two] = await Promise.all([openPage(browser, pages.url), openPage(browser, pages.url)]);
    const startedAtMs = performance.now();
    const idOfOne = await callPage<string>(one, 'join', tracker.url, 'room');
    const idOfTwo = await callPage<string>(two, 'join', tracker.url, 'room');
    expect(await Promise.all([one, two].map((page) => callPage(page, 'waitForPeer')))).toEqual([
      idOfTwo,
      idOfOne,
    ]);
    process.stdout.write(`trystero: joined after ${Math.round(performance.now() - startedAtMs)} ms\n`);
    await callPage(one, 'send', 'hello');
    expect(await callPage(two, 'receive')).toEqual({ text: 'hello', from: idOfOne });
    await callPage(two, 'send', 'well met');
    expect(await callPage(one, 'receive')).toEqual({ text: 'well met', from: idOfTwo });
    for (const page of [one, two]) expect(await callPage(page, 'warningsSeen')).toEqual([]);
  });
});
