# Two aiortc peers, relay only, that find the servers where browsers do:
#   aiortc-pair.py ICE_SERVERS_URL SCHEME:TRANSPORT      such as turn:udp, turn:tcp or turns:tcp; prints "back: 20" for 20 messages
import asyncio
import json
import sys
import urllib.request

import aioice
import aiortc.rtcicetransport
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription

MESSAGES = 20
URL, WAY = sys.argv[1:]
SCHEME, TRANSPORT = WAY.split(":")

# aiortc has no iceTransportPolicy; aioice below it has.
kwargs_of = aiortc.rtcicetransport.connection_kwargs
aiortc.rtcicetransport.connection_kwargs = lambda servers: {
    **kwargs_of(servers),
    "transport_policy": aioice.TransportPolicy.RELAY,
}


def configuration():
    with urllib.request.urlopen(URL) as answer:
        servers = json.load(answer)["iceServers"]
    chosen = [
        RTCIceServer(url, server.get("username"), server.get("credential"))
        for server in servers
        for url in server["urls"]
        if url.startswith(SCHEME + ":") and url.endswith("transport=" + TRANSPORT)
    ]
    # Without a STUN server of ours it would ask one of Google's.
    stun = [RTCIceServer(url) for server in servers for url in server["urls"] if url.startswith("stun:")]
    return RTCConfiguration(stun[:1] + chosen)


def relayed(description):
    """Without what a STUN server said, which aioice tells whatever the policy is."""
    lines = description.sdp.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("a=candidate") or " typ relay" in line]
    assert any(" typ relay" in line for line in kept), description.sdp
    return RTCSessionDescription("".join(kept), description.type)


async def main():
    one, two = RTCPeerConnection(configuration()), RTCPeerConnection(configuration())
    back = 0
    done = asyncio.Event()

    @two.on("datachannel")
    def echo(channel):
        channel.on("message", channel.send)

    channel = one.createDataChannel("test")

    @channel.on("open")
    def opened():
        for number in range(MESSAGES):
            channel.send(str(number))

    @channel.on("message")
    def heard(message):
        nonlocal back
        back += message == str(back)
        if back == MESSAGES:
            done.set()

    await one.setLocalDescription(await one.createOffer())
    await two.setRemoteDescription(relayed(one.localDescription))
    await two.setLocalDescription(await two.createAnswer())
    await one.setRemoteDescription(relayed(two.localDescription))
    await asyncio.wait_for(done.wait(), 40)
    print("back:", back, flush=True)
    await asyncio.gather(one.close(), two.close())


asyncio.run(main())
