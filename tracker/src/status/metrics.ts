// The tracker's metrics for Prometheus. The hot path counts in plain numbers, which are read when the metrics are fetched.
import type { Metrics } from '@relay-swarm/kit';
import type { Admission } from '@relay-swarm/net';
import type { AccessList } from '../access/access-list.ts';
import type { Graffiti } from '../frontends/graffiti/graffiti.ts';
import type { SocketMemory } from '@relay-swarm/net/socket-memory';
import type { Keepalive } from '../transport/keepalive.ts';
import type { FrameRouter } from '../transport/frame-router.ts';
import type { HttpServer } from '../transport/http-server.ts';
import type { SocketErrors } from '../transport/socket-errors.ts';
import type { UpgradeGate } from '../transport/upgrade-gate.ts';
import type { WebSockets } from '../transport/web-sockets.ts';
import { idToHex } from '../frontends/webtorrent/ids.ts';
import type { SwarmStore } from '../swarm/swarm-store.ts';
import type { PeerStatistics } from './stats.ts';
import type { WebTorrent } from '../frontends/webtorrent/webtorrent.ts';

export interface Measured {
  readonly swarms: SwarmStore;
  /** Undefined where TRACKER_STATS is off. */
  readonly statistics: PeerStatistics | undefined;
  readonly webTorrent: WebTorrent;
  readonly graffiti: Graffiti;
  readonly router: FrameRouter;
  readonly keepalive: Keepalive;
  readonly admission: Admission;
  readonly accessList: AccessList;
  readonly server: HttpServer;
  readonly webSockets: WebSockets;
  readonly gate: UpgradeGate;
  readonly errors: SocketErrors;
  readonly clientMemory: Pick<SocketMemory<never>, 'unfinished' | 'ended'>;
}

const LARGEST_SHOWN = 10;

export function registerMetrics(metrics: Metrics, measured: Measured): void {
  const { swarms, webTorrent, graffiti, router, keepalive, admission, accessList, server } = measured;
  const { webSockets, gate, errors, clientMemory } = measured;
  const { counts } = webTorrent;

  metrics.gauge('connections', 'Open connections, WebSocket handshakes included', () => admission.open);
  metrics.gauge('addresses', 'Addresses that have a connection open', () => admission.addresses);
  metrics.gauge('swarms', 'Info hashes that have peers', () => swarms.size);
  metrics.gauge('peers', 'Peers in all swarms; one that is in two counts twice', () => swarms.peers);
  // Only insiders read the metrics; /stats, which is public, names no info hash.
  if (measured.statistics !== undefined) {
    const { statistics } = measured;
    metrics.gauge(
      'client_peers',
      'Peers by the program that their ids name; one that is in several swarms counts once',
      () => statistics.byClient(),
      'client',
    );
    metrics.gauge(
      'largest_swarm_peers',
      'Peers of the largest swarms',
      () =>
        Object.fromEntries(
          swarms
            .largest(LARGEST_SHOWN)
            .map(({ infoHash, complete, incomplete }) => [idToHex(infoHash), complete + incomplete]),
        ),
      'info_hash',
    );
  }
  metrics.gauge('graffiti_peers', 'Graffiti peers', () => graffiti.peers);
  metrics.gauge('graffiti_announces', 'Graffiti announces in force', () => graffiti.announces);
  metrics.gauge('graffiti_subscriptions', 'Graffiti subscriptions in force', () => graffiti.subscriptions);
  metrics.gauge(
    'access_list_info_hashes',
    'Info hashes on the lists',
    () => ({ allow: accessList.sizes.allowed, deny: accessList.sizes.denied }),
    'list',
  );

  metrics.gauge('unfinished_messages', 'Messages that have not come whole', () => clientMemory.unfinished);

  metrics.counter('frames_in_total', 'Messages received', () => router.counts.framesIn);
  metrics.counter('frames_out_total', 'Messages sent', () => webSockets.counts.framesOut);
  metrics.counter(
    'messages_total',
    'WebTorrent messages received, by what they were',
    () => ({
      announce: counts.announces,
      answer: counts.answers,
      scrape: counts.scrapes,
      refused: counts.refused,
      malformed: counts.malformed,
    }),
    'kind',
  );
  metrics.counter(
    'announces_refused_total',
    'WebTorrent announces refused by a limit of the swarms',
    () => webTorrent.announcesRefused,
    'reason',
  );
  metrics.counter(
    'messages_read_plainly_total',
    'WebTorrent messages in an unusual form, parsed the slow way',
    () => webTorrent.plainReads,
  );
  metrics.counter(
    'forwarded_total',
    'Offers and answers forwarded',
    () => ({ offer: counts.offersSent, answer: counts.answersSent }),
    'kind',
  );
  metrics.counter(
    'answers_lost_total',
    'Answers whose sender or receiver was not in the swarm',
    () => counts.answersLost,
  );
  metrics.counter(
    'peers_expired_total',
    'Peers removed because they had not announced for TRACKER_PEER_TTL_SECONDS',
    () => swarms.expired,
  );
  metrics.counter('graffiti_messages_total', 'Graffiti requests', () => graffiti.messages);
  metrics.counter('graffiti_pushes_total', 'Graffiti pushes sent', () => graffiti.pushes);
  metrics.counter(
    'graffiti_refused_total',
    'Graffiti handshakes and requests refused',
    () => graffiti.refused,
    'reason',
  );

  metrics.counter('upgrades_total', 'WebSockets opened', () => webSockets.counts.upgrades);
  metrics.counter('upgrades_refused_total', 'WebSocket handshakes refused', () => gate.refused, 'reason');
  metrics.counter(
    'connections_dropped_total',
    'Connections closed at once, because too many were open',
    () => server.dropped,
  );
  metrics.counter(
    'socket_errors_total',
    'Connections that ended with an error: oversize frames (WS_ERR_…), handshakes that took too long (ERR_HTTP_REQUEST_TIMEOUT), resets',
    () => Object.fromEntries(errors.byCode),
    'code',
  );
  metrics.counter(
    'limited_total',
    'Messages and announces beyond the rate',
    () => ({ message: router.counts.tooManyMessages, announce: counts.tooManyAnnounces }),
    'kind',
  );
  metrics.counter(
    'dropped_total',
    'Frames not sent because their router reads too slowly',
    () => ({ offer: webSockets.counts.offersDropped, answer: webSockets.counts.answersDropped }),
    'kind',
  );
  metrics.counter(
    'connections_ended_total',
    'Connections that this tracker ended',
    () => ({
      ...keepalive.ended,
      ...clientMemory.ended,
      control_frames: webSockets.counts.tooManyControlFrames,
      stalled: webSockets.counts.stalled,
      faults: router.counts.closedForFaults,
      bug: webSockets.counts.failed,
    }),
    'reason',
  );
}
