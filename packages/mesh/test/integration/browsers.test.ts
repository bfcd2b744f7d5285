// One room of real members, introduced by our service in a process of its own; test/bundle/members.test.ts has its container.
import { freePort } from '../../../../scripts/lib/free-port.mjs';
import { startOurs } from '../../../../peerjs/test/support/processes.ts';
import { describeTwelve } from '../support/twelve-members.ts';

describeTwelve('twelve members: Chromium, Firefox and Node', async () => {
  const port = await freePort();
  const start = () => startOurs({ PEERJS_REQUESTS_BURST: '1000' }, port);
  let server = await start();
  return {
    url: `ws://127.0.0.1:${port}/mesh`,
    kill: () => server.kill(),
    bringBack: async () => {
      server = await start();
    },
    stop: () => server.kill(),
  };
});
