// What every test with a browser stands on: two Chromium contexts that share nothing can talk over WebRTC on this machine.
import {
  callPage,
  describeWithChromium,
  launchChromium,
  openPage,
  serveProgram,
  type Browser,
  type PageServer,
} from './support/chromium.ts';

const program = `
  const connection = new RTCPeerConnection();
  const received = Promise.withResolvers();
  connection.ondatachannel = ({ channel }) => channel.send('hello');

  /** The local description once every candidate is in it. */
  async function describeMe() {
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== 'complete') {
      await new Promise((resolve) => connection.addEventListener('icegatheringstatechange', resolve, { once: true }));
    }
    return connection.localDescription.toJSON();
  }
  export async function offer() {
    connection.createDataChannel('test').onmessage = (event) => received.resolve(event.data);
    return describeMe();
  }
  export async function answer(offer) {
    await connection.setRemoteDescription(offer);
    return describeMe();
  }
  export async function receive(answer) {
    await connection.setRemoteDescription(answer);
    return received.promise;
  }`;

describeWithChromium('the Chromium of the tests', () => {
  let browser: Browser;
  let pages: PageServer;

  beforeAll(async () => {
    browser = await launchChromium();
    pages = await serveProgram(program, import.meta.dirname);
  });

  afterAll(async () => {
    await browser.close();
    await pages.close();
  });

  it('connects two contexts by host candidates alone', async () => {
    const [one, two] = await Promise.all([openPage(browser, pages.url), openPage(browser, pages.url)]);
    const offer = await callPage<RTCSessionDescriptionInit>(one, 'offer');
    expect(offer.sdp).toMatch(/a=candidate:.* typ host/);
    expect(offer.sdp).not.toContain('.local');
    const answer = await callPage<RTCSessionDescriptionInit>(two, 'answer', offer);
    expect(await callPage(one, 'receive', answer)).toBe('hello');
  });
});
