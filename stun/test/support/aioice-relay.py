# aioice, the ICE of aiortc, relays through a TURN server:
#   aioice-relay.py host port username password udp|tcp messages
# Sends so many messages to an echo and prints how many came back. Its first one binds a channel.
import asyncio
import sys

from aioice import turn

HOST, PORT, USERNAME, PASSWORD, TRANSPORT, MESSAGES = sys.argv[1:]


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


class Client(asyncio.DatagramProtocol):
    def __init__(self):
        self.received = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.received.put_nowait(data)


async def main():
    loop = asyncio.get_running_loop()
    echo, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    relayed, client = await turn.create_turn_endpoint(
        Client,
        server_addr=(HOST, int(PORT)),
        username=USERNAME,
        password=PASSWORD,
        transport=TRANSPORT,
    )
    back = 0
    for number in range(int(MESSAGES)):
        relayed.sendto(b"message %d" % number, echo.get_extra_info("sockname"))
        data = await asyncio.wait_for(client.received.get(), 20)
        back += data == b"message %d" % number
    print("back:", back, flush=True)
    relayed.close()
    await asyncio.sleep(0.2)
    echo.close()


asyncio.run(main())
