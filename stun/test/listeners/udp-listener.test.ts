// Whom a UDP port remembers: real datagrams, and a TURN server that only says who has an allocation.
import type { Allocation, Client } from '../../src/turn/allocation.ts';
import { createCounters } from '../../src/turn/counters.ts';
import type { TurnServer } from '../../src/turn/turn-server.ts';
import { UdpListener } from '../../src/listeners/udp-listener.ts';
import { UdpPeer } from '../contracts/udp-peer.ts';

describe('UdpListener', () => {
  it('remembers clients for as long as they have an allocation, and strangers not at all', async () => {
    const heard: Client[] = [];
    const turnServer = {
      receive: (client: Client, data: Buffer) => {
        heard.push(client);
        if (data.toString() === 'allocate') client.allocation = {} as Allocation;
        if (data.toString() === 'end') {
          client.allocation = undefined;
          client.released();
        }
        client.send(data, 0, data.length);
      },
    } as unknown as TurnServer;
    const listener = new UdpListener(
      {
        endpoint: { host: '127.0.0.1', port: 0 },
        isShared: false,
        isServing: true,
        counters: createCounters(),
        sendBufferBytesMax: 65_536,
      },
      turnServer,
    );
    const peer = await UdpPeer.open();
    const { host: address, port } = listener.listening;
    for (const word of ['hello', 'allocate', 'more', 'end', 'hello']) {
      peer.send(word, { address, port });
      expect((await peer.next())?.data).toBe(word);
    }
    const [stranger, client, again, ended, strangerAgain] = heard;
    expect(client).not.toBe(stranger);
    expect(again).toBe(client);
    expect(ended).toBe(client);
    expect(strangerAgain).not.toBe(client);
    peer.close();
    listener.close();
  });
});
