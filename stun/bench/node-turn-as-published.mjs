// node-turn as it comes from npm, with the options that its README tells, for the bench alone: it is open to everybody on
// this machine while it runs.
import Turn from 'node-turn';

const {
  BENCH_PORT,
  BENCH_REALM,
  BENCH_USERNAME,
  BENCH_PASSWORD,
  BENCH_RELAY_PORT_MIN,
  BENCH_RELAY_PORT_MAX,
} = process.env;
new Turn({
  listeningIps: ['127.0.0.1'],
  relayIps: ['127.0.0.1'],
  listeningPort: Number(BENCH_PORT),
  minPort: Number(BENCH_RELAY_PORT_MIN),
  maxPort: Number(BENCH_RELAY_PORT_MAX),
  authMech: 'long-term',
  realm: BENCH_REALM,
  credentials: { [BENCH_USERNAME ?? '']: BENCH_PASSWORD },
  debugLevel: 'OFF',
}).start();
