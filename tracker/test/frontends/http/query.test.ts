import { runInNewContext } from 'node:vm';
import { setFlagsFromString } from 'node:v8';
import fc from 'fast-check';
import { readAnnounceQuery, readScrapeQuery } from '../../../src/frontends/http/query.ts';

const bytes = Buffer.from('00010a0d1f2026272b2f3d3f5c7e7f80a0c3e9ff', 'hex').toString('latin1');
const escapeAll = (id: string): string => Buffer.from(id, 'latin1').toString('hex').replace(/../g, '%$&');
const query = (fields: Record<string, string>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
const usual = {
  info_hash: escapeAll(bytes),
  peer_id: '-qB5000-abcdefghijkl',
  port: '6881',
  left: '5',
  event: 'started',
};
const read = (fields: Record<string, string | undefined>) =>
  readAnnounceQuery(query(JSON.parse(JSON.stringify({ ...usual, ...fields }))), '192.0.2.1');

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('readAnnounceQuery()', () => {
  it('keeps nothing of the URL but the ids', () => {
    const remembered: string[] = [];
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let host = 0; host < 2_000; host++) {
      const plain = String(host).padStart(20, 'a');
      const read = readAnnounceQuery(
        Buffer.from(`info_hash=${plain}&peer_id=${plain}&port=1&x=${'y'.repeat(7_000)}`).toString('latin1'),
        '192.0.2.1',
      );
      if ('peerId' in read) remembered.push(read.infoHash, read.peerId);
    }
    collect();
    expect(remembered).toHaveLength(4_000);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000 * 1_000);
  });

  it('reads what clients send', () => {
    const known =
      'uploaded=0&downloaded=0&corrupt=0&key=ABC&ip=8.8.8.8&ipv6=%3A%3A1&supportcrypto=1&redundant=0';
    const text = `${query({ ...usual, numwant: '30', compact: '1', no_peer_id: '1' })}&${known}`;
    expect(readAnnounceQuery(text, '192.0.2.1')).toEqual({
      infoHash: bytes,
      peerId: '-qB5000-abcdefghijkl',
      address: '192.0.2.1',
      port: 6881,
      event: 'started',
      isSeeder: false,
      numwant: 30,
      wantsBothFamilies: true,
      isCompact: true,
      wantsPeerIds: false,
    });
  });

  it('looks at so many fields and no further', () => {
    expect(readAnnounceQuery(`${'&'.repeat(100)}${query(usual)}`, '192.0.2.1')).toMatchObject({ port: 6881 });
    expect(readAnnounceQuery(`${'&'.repeat(148)}${query(usual)}`, '192.0.2.1')).toHaveProperty('failure');
  });

  it('reads any 20 bytes, however they are escaped', () => {
    const ids = fc
      .uint8Array({ minLength: 20, maxLength: 20 })
      .map((id) => Buffer.from(id).toString('latin1'));
    fc.assert(
      fc.property(ids, (id) => {
        const sparse = id.replace(/[^A-Za-z0-9_.~-]/g, escapeAll);
        expect(read({ info_hash: escapeAll(id), peer_id: sparse })).toMatchObject({
          infoHash: id,
          peerId: id,
        });
        expect(read({ info_hash: escapeAll(id).toUpperCase() })).toMatchObject({ infoHash: id });
      }),
    );
  });

  it.each<[string, Record<string, string | undefined>, object]>([
    ['nothing left: a seeder', { left: '0' }, { isSeeder: true }],
    ['4 GiB left: no seeder', { left: '4294967296' }, { isSeeder: false }],
    ['2^64 - 1 left: no seeder', { left: '18446744073709551615' }, { isSeeder: false }],
    ['no left: unknown', { left: undefined }, { isSeeder: undefined }],
    ['a strange left: unknown', { left: '-1' }, { isSeeder: undefined }],
    ['an empty event', { event: '' }, { event: 'update' }],
    ['no event', { event: undefined }, { event: 'update' }],
    ['paused', { event: 'paused' }, { event: 'update' }],
    ['stopped', { event: 'stopped' }, { event: 'stopped' }],
    ['completed', { event: 'completed' }, { event: 'completed' }],
    ['numwant=0', { numwant: '0' }, { numwant: 0 }],
    ['numwant=-1', { numwant: '-1' }, { numwant: undefined }],
    ['compact=0', { compact: '0' }, { isCompact: false }],
    ['no compact', {}, { isCompact: true, wantsPeerIds: true }],
    ['a plus, which is a space', { peer_id: '-qB5000-abcdefgh+jkl' }, { peerId: '-qB5000-abcdefgh jkl' }],
    ['a stray percent sign', { peer_id: '-qB5000-abcdefghi%zz' }, { peerId: '-qB5000-abcdefghi%zz' }],
    ['an equals sign inside', { peer_id: '-qB5000-abcdefghijk=' }, { peerId: '-qB5000-abcdefghijk=' }],
  ])('reads %s', (_case, fields, wanted) => {
    expect(read(fields)).toMatchObject(wanted);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ['no info_hash', { info_hash: undefined }, 'info_hash'],
    ['an info_hash in hex', { info_hash: 'ab'.repeat(20) }, 'info_hash'],
    ['a short info_hash', { info_hash: escapeAll(bytes.slice(1)) }, 'info_hash'],
    ['no peer_id', { peer_id: undefined }, 'peer_id'],
    ['a long peer_id', { peer_id: '-qB5000-abcdefghijklm' }, 'peer_id'],
    ['no port', { port: undefined }, 'port'],
    ['port 0', { port: '0' }, 'port'],
    ['port 65536', { port: '65536' }, 'port'],
    ['a port in hex', { port: '0x50' }, 'port'],
    ['an unknown event', { event: 'exploded' }, 'event'],
    ['an inherited name as event', { event: 'constructor' }, 'event'],
  ])('refuses %s', (_case, fields, name) => {
    expect(read(fields)).toEqual({ failure: expect.stringContaining(`"${name}"`) });
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
        readAnnounceQuery(`info_hash=${one}&${other}`, '');
        readScrapeQuery(`info_hash=${one}&${other}`);
      }),
    );
  });
});

describe('readScrapeQuery()', () => {
  it('reads one info hash, or several, in their order', () => {
    const other = 'x'.repeat(20);
    expect(readScrapeQuery(`info_hash=${escapeAll(bytes)}`)).toEqual([bytes]);
    expect(readScrapeQuery(`info_hash=${escapeAll(bytes)}&info_hash=${other}`)).toEqual([bytes, other]);
  });

  it.each([
    ['none, which would mean all', ''],
    ['a short one among others', `info_hash=${'x'.repeat(20)}&info_hash=x`],
    [
      'too many',
      Array(75)
        .fill(`info_hash=${'x'.repeat(20)}`)
        .join('&'),
    ],
  ])('refuses %s', (_case, text) => {
    expect(readScrapeQuery(text)).toHaveProperty('failure');
  });
});
