// Which router stands between, told from candidates as browsers give them.
import { natKind, type MappedCandidate } from '../src/nat-kind.ts';

const candidate = (type: string, address: string, port: number, protocol = 'udp'): MappedCandidate => ({
  type,
  protocol,
  address,
  port,
});
const host = candidate('host', '192.168.1.5', 50_000);
const mapped = candidate('srflx', '203.0.113.9', 40_000);

describe('natKind()', () => {
  it('is open where a mapped address is one of the machine', () => {
    expect(natKind([candidate('host', '203.0.113.9', 40_000), mapped], 2, true)).toBe('open');
  });

  it('is open where servers answer and no mapped address is told: browsers leave out what is the same', () => {
    expect(natKind([host], 1, true)).toBe('open');
  });

  it('is blocked where no server answers, and unknown where the browser does not tell', () => {
    expect(natKind([host], 2, false)).toBe('blocked');
    expect(natKind([host], 2, undefined)).toBe('unknown');
  });

  it('is easy where several servers see one port, and unknown where but one was asked', () => {
    expect(natKind([host, mapped], 2, true)).toBe('easy');
    expect(natKind([host, mapped], 1, true)).toBe('unknown');
  });

  it('is hard where each server sees another port', () => {
    expect(natKind([host, mapped, candidate('srflx', '203.0.113.9', 40_001)], 2, true)).toBe('hard');
  });

  it('bears a machine with several sockets behind one router, and candidates over TCP', () => {
    const second = candidate('host', '192.168.1.6', 50_001);
    const ports = [mapped, candidate('srflx', '203.0.113.9', 40_001)];
    expect(natKind([host, second, ...ports], 2, true)).toBe('easy');
    expect(natKind([host, mapped, candidate('srflx', '203.0.113.9', 9, 'tcp')], 2, true)).toBe('easy');
  });

  it('looks at each public address by itself', () => {
    const six = candidate('srflx', '2001:db8::9', 40_002);
    expect(natKind([host, mapped, six], 2, true)).toBe('easy');
  });
});
