import { turnFault } from '../src/diagnose-ice.ts';

describe('turnFault()', () => {
  it('tells a server that is full from one that does not answer', () => {
    // As Chromium words them.
    expect(turnFault('UDP', ['508 TURN allocate error.'])).toBe(
      'A TURN server over UDP answers, and has no address left for this machine (508 TURN allocate error.). Try again later.',
    );
    expect(turnFault('TCP', ['701 TURN allocate request timed out.', '486 TURN allocate error.'])).toMatch(
      /^A TURN server over TCP answers/,
    );
    expect(turnFault('UDP', ['701 TURN allocate request timed out.'])).toMatch(/^No TURN server over UDP/);
    expect(turnFault('TLS', [])).toBe(
      'No TURN server over TLS gives this machine an address. This network may block it, or the server is down.',
    );
  });
});
