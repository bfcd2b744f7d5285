// All connections of one IPv6 /64, each from another address of it, as a proxy that is believed passes them on. The system gives loopback one IPv6
// address only, so the proxy is played.
import { ATTACKERS, CONNECTIONS, type Attack } from '../attack.ts';
import { webSockets } from '../raw-socket.ts';

const PER_ADDRESS_MAX = 100;

export const attack: Attack = {
  id: '15',
  title: `${CONNECTIONS} addresses of one IPv6 /64`,
  service: 'tracker',
  settings: { TRACKER_TRUSTED_PROXIES: ATTACKERS.join(',') },
  run: ({ port }, tell) => {
    let open = 0;
    return webSockets(
      port,
      async (socket) => {
        if (++open > PER_ADDRESS_MAX) tell.breach(`${open} connections of one /64`);
        await socket.closed;
        open--;
      },
      { headers: (index) => `X-Forwarded-For: 2001:db8:1:2::${(index + 1).toString(16)}\r\n` },
    );
  },
};
