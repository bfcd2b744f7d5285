import { jsonReport, textReport } from '../src/report.ts';

const facts = {
  name: 'film',
  infoHash: 'ab'.repeat(20),
  bytes: 2_000_000,
  magnet: 'magnet:?x',
  watch: 'http://r/watch#x',
  isHashed: true,
};
const stats = {
  torrents: 1,
  peers: 2,
  uploaded: 3_000_000,
  uploadSpeed: 1_000,
  downloadSpeed: 0,
  silentPeers: 0,
  residentBytes: 5,
};

function output(isTTY: boolean): { isTTY: boolean; write(text: string): void; text: string } {
  return {
    isTTY,
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

describe('textReport()', () => {
  it('draws a bar over itself while it hashes, on a terminal', () => {
    const out = output(true);
    const report = textReport(out, output(true));
    report.progress('Hashing film', 0);
    report.progress('Hashing film', 0.5);
    expect(out.text.split('\r\x1b[K')).toEqual([
      '',
      `Hashing film [${'.'.repeat(30)}] 0 %`,
      `Hashing film [${'#'.repeat(15)}${'.'.repeat(15)}] 50 %`,
    ]);
  });

  it('takes the bar away before it says something else', () => {
    const out = output(true);
    const report = textReport(out, output(true));
    report.progress('Hashing film', 1);
    report.seeding(facts);
    expect(out.text).toMatch(
      /100 %\r\x1b\[KSeeding film \(2\.?0? MB\)\n {2}magnet {2}magnet:\?x\n {2}watch {3}http:/,
    );
  });

  it('tells peers and rates on a terminal, and neither bars nor rates in a file', () => {
    const [terminal, file] = [output(true), output(false)];
    for (const out of [terminal, file]) {
      const report = textReport(out, out);
      report.progress('Hashing film', 0.5);
      report.stats(stats);
    }
    expect(terminal.text).toMatch(/1 torrents, 2 peers, up .*\/s, .* in all/);
    expect(file.text).toBe('');
  });

  it('tells faults on the other stream, on a line of their own', () => {
    const [out, errors] = [output(true), output(true)];
    const report = textReport(out, errors);
    report.stats(stats);
    report.fault('the disk is full');
    expect([out.text.endsWith('\n'), errors.text]).toEqual([true, 'relay-seeder: the disk is full\n']);
  });
});

describe('jsonReport()', () => {
  it('is one object a line, without a percent that was told already', () => {
    const out = output(false);
    const report = jsonReport(out);
    for (const share of [0, 0.001, 0.5]) report.progress('Hashing film', share);
    report.seeding(facts);
    report.stats(stats);
    report.stats({ ...stats, residentBytes: 6 });
    report.stopped();
    const events = out.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; percent?: number });
    expect(events.map(({ event, percent }) => percent ?? event)).toEqual([
      0,
      50,
      'seeding',
      'stats',
      'stopped',
    ]);
  });
});
