// Runs in the browser: two peers that may only meet through the relay, and what became of their messages.

const EVERY_MS = 100;
const peers = [];
const counts = { sent: [0, 0], received: [0, 0], bytes: 0, longestSilenceMs: [0, 0], lastAt: [0, 0] };
let states = [];

/** Connects two peers under this configuration (relay only) and keeps a message of `bytes` going each way every 100 ms. */
export async function connect(configuration, bytes = 100) {
  const startedAt = performance.now();
  for (let side = 0; side < 2; side++) {
    peers[side] = new RTCPeerConnection({ ...configuration, iceTransportPolicy: 'relay' });
  }
  peers.forEach((peer, side) => {
    peer.onicecandidate = ({ candidate }) => candidate && peers[1 - side].addIceCandidate(candidate);
    peer.onconnectionstatechange = () => states.push(`${side}:${peer.connectionState}`);
    peer.onicecandidateerror = ({ url, errorCode, errorText }) =>
      states.push(`${side}:${url} ${errorCode} ${errorText}`);
  });
  const channels = await Promise.race([openChannels(), failure()]);
  channels.forEach((channel, side) => {
    counts.lastAt[side] = performance.now();
    channel.onmessage = ({ data }) => {
      const now = performance.now();
      counts.received[side]++;
      counts.bytes += data.length;
      counts.longestSilenceMs[side] = Math.max(
        counts.longestSilenceMs[side],
        Math.round(now - counts.lastAt[side]),
      );
      counts.lastAt[side] = now;
    };
    setInterval(() => {
      if (channel.readyState !== 'open') return;
      channel.send('x'.repeat(bytes));
      counts.sent[side]++;
    }, EVERY_MS);
  });
  return Math.round(performance.now() - startedAt);
}

async function openChannels() {
  const first = peers[0].createDataChannel('test', { ordered: false, maxRetransmits: 0 });
  const opened = new Promise((resolve) => (first.onopen = resolve));
  const second = new Promise((resolve) => (peers[1].ondatachannel = ({ channel }) => resolve(channel)));
  await peers[0].setLocalDescription();
  await peers[1].setRemoteDescription(peers[0].localDescription);
  await peers[1].setLocalDescription();
  await peers[0].setRemoteDescription(peers[1].localDescription);
  await opened;
  return [first, await second];
}

function failure() {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`no connection after 20 s: ${states.join(', ')}`)), 20_000);
  });
}

/** What has arrived so far, and over which candidates it goes now. */
export async function report() {
  const pairs = await Promise.all(peers.map(selectedPair));
  return {
    ...counts,
    silentForMs: counts.lastAt.map((at) => Math.round(performance.now() - at)),
    states: peers.map((peer) => peer.connectionState),
    history: states,
    pairs,
  };
}

async function selectedPair(peer) {
  const stats = [...(await peer.getStats()).values()];
  const transport = stats.find(({ type }) => type === 'transport');
  const pair = stats.find(({ id }) => id === transport?.selectedCandidatePairId);
  const local = stats.find(({ id }) => id === pair?.localCandidateId);
  const remote = stats.find(({ id }) => id === pair?.remoteCandidateId);
  return {
    local: local && `${local.candidateType} ${local.relayProtocol ?? ''}`.trim(),
    remote: remote?.candidateType,
    changes: transport?.selectedCandidatePairChanges,
  };
}
