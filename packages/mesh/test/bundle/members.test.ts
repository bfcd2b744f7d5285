// The same room, introduced by the bundle: its signaling's container is killed, and comes back.
import { compose, port } from '../../../../test/support/bundle.ts';
import { describeTwelve } from '../support/twelve-members.ts';

describeTwelve('twelve members of the bundle', () =>
  Promise.resolve({
    url: `ws://localhost:${port}/mesh`,
    kill: () => Promise.resolve(void compose('kill', 'peerjs')),
    bringBack: () => Promise.resolve(void compose('up', '--detach', '--no-deps', '--wait', 'peerjs')),
    stop: () => Promise.resolve(void compose('up', '--detach', '--no-deps', '--wait', 'peerjs')),
  }),
);
