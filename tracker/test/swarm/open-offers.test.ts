import { noteOffer, takeOffer } from '../../src/swarm/open-offers.ts';
import { GONE, Peer } from '../../src/swarm/peer.ts';
import { Swarm } from '../../src/swarm/swarm.ts';
import { TestLink } from '../support/links.ts';

const swarm = new Swarm('hash');
const peer = (id: string, link = new TestLink()): Peer => new Peer(id, swarm, link, false);

describe('open offers', () => {
  it('are taken once each, whoever answers first', () => {
    const [from, one, two] = [peer('from'), peer('one'), peer('two')];
    for (const to of [one, two, one]) noteOffer(from, to);
    expect(takeOffer(from, one.link, 'one')).toBe(one);
    expect(takeOffer(from, two.link, 'two')).toBe(two);
    expect(takeOffer(from, two.link, 'two')).toBeUndefined();
    expect(takeOffer(from, one.link, 'one')).toBe(one);
    expect([takeOffer(from, one.link, 'one'), from.offeredTo]).toEqual([undefined, undefined]);
  });

  it('prefer the peer that is named, of several on one connection', () => {
    const link = new TestLink();
    const [from, one, two] = [peer('from'), peer('one', link), peer('two', link)];
    for (const to of [one, two]) noteOffer(from, to);
    expect(takeOffer(from, link, 'two')).toBe(two);
    expect(takeOffer(from, link, 'another')).toBe(one);
  });

  it('may be answered on a new connection only where the old one is gone', () => {
    const [from, to, elsewhere] = [peer('from'), peer('to'), new TestLink()];
    noteOffer(from, to);
    expect(takeOffer(from, elsewhere, 'to')).toBeUndefined();
    to.link = GONE;
    expect(takeOffer(from, elsewhere, 'other')).toBeUndefined();
    expect(takeOffer(from, elsewhere, 'to')).toBe(to);
  });

  it('are at most 64 for each peer, the newest', () => {
    const [from, old, young] = [peer('from'), peer('old'), peer('young')];
    noteOffer(from, old);
    for (let index = 0; index < 64; index++) noteOffer(from, young);
    expect([from.offeredTo?.length, takeOffer(from, old.link, 'old')]).toEqual([64, undefined]);
  });
});
