// The small rules that decide who may do how much.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSettings, silentLog } from '@relay-swarm/kit';
import { createOriginCheck, newBucket, takeToken } from '@relay-swarm/net';
import { createAccessList, parseList } from '../src/access/access-list.ts';
import { checkTrackerSettings, trackerSettings } from '../src/settings.ts';
import { HandClient } from './support/hand-client.ts';
import { startTracker } from './support/tracker.ts';

describe('the rate of announces', () => {
  it('bears trystero: five announces of each of fifty rooms in two seconds', () => {
    const { announcesPerSecond, announcesBurst } = readSettings({}, trackerSettings);
    const announces = { perSecond: announcesPerSecond, burst: announcesBurst };
    const bucket = newBucket(announces, 0);
    for (const atMs of [0, 233, 533, 1_333, 2_100])
      for (let room = 0; room < 50; room++) expect(takeToken(bucket, announces, atMs)).toBe(true);
  });
});

describe('one socket, with the limits as they are by default', () => {
  it('carries 1,300 torrents that a client brings at once', async () => {
    const tracker = await startTracker();
    const client = await HandClient.open(tracker.url);
    for (let torrent = 0; torrent < 1_300; torrent++)
      client.send({ action: 'announce', info_hash: `${torrent}`.padStart(20, '.'), peer_id: 'p'.repeat(20) });
    const replies = new Set<unknown>();
    for (let torrent = 0; torrent < 1_300; torrent++) {
      const reply = await client.takeReply();
      expect(reply).toMatchObject({ incomplete: 1 });
      replies.add(reply['info_hash']);
    }
    client.close();
    await tracker.stop();
    expect(replies.size).toBe(1_300);
  });
});

describe('createOriginCheck()', () => {
  const isAllowed = createOriginCheck(['https://example.org', 'https://*.example.net', 'none']);
  it.each([
    ['https://example.org', true],
    ['HTTPS://EXAMPLE.ORG', true],
    ['http://example.org', false],
    ['https://example.org.evil.example', false],
    ['https://a.example.net', true],
    ['https://a.b.example.net', true],
    ['https://example.net', false],
    ['https://.example.net', false],
    ['https://evilexample.net', false],
    ['null', false],
    [undefined, true],
  ])('judges %s', (origin, expected) => {
    expect(isAllowed(origin)).toBe(expected);
  });

  it('admits everybody where no origin is listed, and needs "none" for clients without one', () => {
    expect(createOriginCheck([])('https://any.example')).toBe(true);
    expect(createOriginCheck(['https://example.org'])(undefined)).toBe(false);
  });
});

describe('createAccessList()', () => {
  const [one, two, three] = ['11', '22', '33'].map((pair) => pair.repeat(20)) as [string, string, string];
  const none = {
    allowed: [],
    denied: [],
    allowFile: '',
    denyFile: '',
    changed: () => undefined,
    log: silentLog,
  };

  it('serves everything without lists, all but the denied, or only the allowed', () => {
    expect(createAccessList(none).isOpen).toBe(true);
    const deny = createAccessList({ ...none, denied: [one] });
    expect([deny.refuse(one), deny.refuse(two)]).toEqual([expect.stringContaining('deny list'), undefined]);
    const allow = createAccessList({ ...none, allowed: [one, two], denied: [two] });
    expect([allow.refuse(one), allow.refuse(two), allow.refuse(three)]).toEqual([
      undefined,
      expect.stringContaining('deny'),
      expect.stringContaining('allow'),
    ]);
  });

  it('reads files besides, and an empty allow file allows nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'access-'));
    const [allowFile, empty] = [join(folder, 'allow'), join(folder, 'empty')];
    await writeFile(allowFile, `# ours\n${one.toUpperCase()}\n\n  ${two} # a film\n`);
    await writeFile(empty, '');
    const list = createAccessList({ ...none, allowFile });
    await list.start();
    expect([list.refuse(one), list.refuse(two), list.refuse(three) === undefined]).toEqual([
      undefined,
      undefined,
      false,
    ]);
    await list.stop();
    const closed = createAccessList({ ...none, allowFile: empty });
    await closed.start();
    expect([closed.isOpen, closed.refuse(one) === undefined]).toEqual([false, false]);
    await closed.stop();
  });

  it('says what is wrong with a file, and where', async () => {
    expect(() => parseList(`${one}\nnonsense`)).toThrow(
      'line 2 is "nonsense", it must be 40 or 64 hexadecimal digits',
    );
    await expect(createAccessList({ ...none, denyFile: '/nowhere/list' }).start()).rejects.toThrow(
      'TRACKER_DENY_FILE="/nowhere/list"',
    );
  });
});

describe('the settings', () => {
  it('have defaults that agree with each other', () => {
    expect(readSettings({}, trackerSettings, checkTrackerSettings).port).toBe(8000);
  });

  it('are refused where peers would vanish between two announces', () => {
    const env = { TRACKER_ANNOUNCE_INTERVAL_SECONDS: '300', TRACKER_PEER_TTL_SECONDS: '400' };
    expect(() => readSettings(env, trackerSettings, checkTrackerSettings)).toThrow(
      'must be at least twice TRACKER_ANNOUNCE_INTERVAL_SECONDS (300)',
    );
  });

  it.each([
    ['TRACKER_ORIGINS', 'example.org'],
    ['TRACKER_ALLOW', 'xyz'],
    ['TRACKER_PUBLIC_URL', 'https://tracker.example.org'],
    ['TRACKER_TRUSTED_PROXIES', 'nginx'],
  ])('%s=%s is no good value', (name, value) => {
    expect(() => readSettings({ [name]: value }, trackerSettings)).toThrow(`${name}="${value}": must be`);
  });
});
