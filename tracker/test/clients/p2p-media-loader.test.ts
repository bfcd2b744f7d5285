// p2p-media-loader's tracker client, its frames written by hand: base64 hashes, no `left`, another peer
// id for each stream on one socket (up to version 2), `started` again after a reconnect (from version 3).
import { HandClient } from '../support/hand-client.ts';
import { until } from '../support/until.ts';
import { startTracker, type RunningTracker } from '../support/tracker.ts';

const VIDEO = 'q83vASNFZ4mrze8BI0Vn';
const AUDIO = '/+9aASNFZ4mrze8BI0+/';

interface Options {
  readonly event?: 'started' | 'stopped';
  readonly offerIds?: readonly string[];
}

function announce(infoHash: string, peerId: string, { event, offerIds = [] }: Options = {}): object {
  return {
    action: 'announce',
    info_hash: infoHash,
    peer_id: peerId,
    numwant: offerIds.length,
    uploaded: 0,
    downloaded: 0,
    offers: offerIds.map((id) => ({
      offer: {
        type: 'offer',
        sdp: `v=0\r\n${'a=candidate:1 1 udp 1 198.51.100.7 5 typ host\r\n'.repeat(20)}${id}`,
      },
      offer_id: id,
    })),
    ...(event === undefined ? {} : { event }),
  };
}

const answer = (infoHash: string, peerId: string, offer: Readonly<Record<string, unknown>>): object => ({
  action: 'announce',
  info_hash: infoHash,
  peer_id: peerId,
  to_peer_id: offer['peer_id'],
  answer: { type: 'answer', sdp: 'v=0\r\n' },
  offer_id: offer['offer_id'],
});

describe("p2p-media-loader's frames", () => {
  let tracker: RunningTracker;
  let clients: HandClient[];

  beforeEach(async () => {
    tracker = await startTracker();
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) client.close();
    await tracker.stop();
  });

  async function open(): Promise<HandClient> {
    const client = await HandClient.open(tracker.url);
    clients.push(client);
    return client;
  }

  const id = (name: string): string => `-PM0203-${name.padEnd(12, '0')}`;

  it('serve two streams with two peer ids on one socket', async () => {
    const [one, two] = [await open(), await open()];
    for (const [page, name] of [
      [one, 'one'],
      [two, 'two'],
    ] as const) {
      for (const [stream, infoHash] of [
        ['video', VIDEO],
        ['audio', AUDIO],
      ] as const) {
        page.send(announce(infoHash, id(name + stream), { event: 'started' }));
        expect(await page.takeReply()).toMatchObject({ info_hash: infoHash, complete: 0, interval: 15 });
      }
    }
    two.send(announce(AUDIO, id('twoaudio'), { offerIds: ['aaaaaaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbbbbbb'] }));
    const offer = await one.takeOffer();
    expect(offer).toMatchObject({ action: 'announce', info_hash: AUDIO, peer_id: id('twoaudio') });
    one.send(answer(AUDIO, id('oneaudio'), offer));
    expect(await two.takeAnswer()).toMatchObject({
      action: 'announce',
      info_hash: AUDIO,
      peer_id: id('oneaudio'),
      offer_id: offer['offer_id'],
      answer: { type: 'answer', sdp: 'v=0\r\n' },
    });
    // One other page is there, so one of the two offers went out, and none to the sender's own page.
    expect(one.received.filter((message) => 'offer' in message)).toEqual([]);
    expect(two.received.filter((message) => 'offer' in message)).toEqual([]);
  });

  it('leave with an empty list of offers, one stream at a time', async () => {
    const page = await open();
    page.send(announce(VIDEO, id('video'), { event: 'started' }));
    page.send(announce(AUDIO, id('audio'), { event: 'started' }));
    await page.takeReply();
    await page.takeReply();
    page.send(announce(VIDEO, id('video'), { event: 'stopped' }));
    expect(await page.takeReply()).toMatchObject({ info_hash: VIDEO, incomplete: 0 });
    page.send(announce(AUDIO, id('audio')));
    expect(await page.takeReply()).toMatchObject({ info_hash: AUDIO, incomplete: 1 });
  });

  it('keep their place when they come back before the old socket is known to be dead', async () => {
    const [old, other] = [await open(), await open()];
    old.send(announce(VIDEO, id('page'), { event: 'started' }));
    await old.takeReply();
    old.socket.pause(); // the network is gone: it answers no ping
    const back = await open();
    back.send(announce(VIDEO, id('page'), { event: 'started' }));
    expect(await back.takeReply()).toMatchObject({ incomplete: 1, interval: 10 });
    old.close();
    await until(async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${tracker.port}/metrics`)).text();
      return metrics.includes('\ntracker_connections 2\n');
    }, 15);
    other.send(announce(VIDEO, id('other'), { event: 'started', offerIds: ['aaaaaaaaaaaaaaaaaaaa'] }));
    expect(await back.takeOffer()).toMatchObject({ peer_id: id('other') });
    expect(await other.takeReply()).toMatchObject({ incomplete: 2 });
  });

  it('get the reply before the offers', async () => {
    const [one, two] = [await open(), await open()];
    one.send(announce(VIDEO, id('one'), { event: 'started' }));
    await one.takeReply();
    two.send(announce(VIDEO, id('two'), { event: 'started', offerIds: ['aaaaaaaaaaaaaaaaaaaa'] }));
    await one.takeOffer();
    one.send(announce(VIDEO, id('one'), { offerIds: ['bbbbbbbbbbbbbbbbbbbb'] }));
    await two.takeOffer();
    expect(two.received[0]).toHaveProperty('interval');
  });
});
