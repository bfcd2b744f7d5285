// npm run attack [-- --short] [-- --only 1a,v3] [-- --seconds 5]: every attack that we know, one after the other, each against a fresh service with compose's
// memory limit, with honest clients beside it. Prints a table, and ends with 1 where a bar was missed. On a machine that does nothing else.
import { parseArgs } from 'node:util';
import { BARS, SHORT_BARS, type Target, type Tell } from './attack.ts';
import { attacks } from './attacks.ts';
import { conduct, type Form, type Outcome, type Told } from './conduct.ts';
import { line, table } from './report.ts';
import { did } from './raw-socket.ts';
import { prefer, PRIORITY } from './processes.ts';
import { removePrograms } from './services.ts';

const LONG: Form = { bars: BARS, beforeMs: 2_000, duringMs: 10_000, afterMs: 4_000 };
const SHORT: Form = { bars: SHORT_BARS, beforeMs: 500, duringMs: 2_000, afterMs: 1_500 };

const { values, positionals } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string' },
    attacker: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

if (values.attacker) {
  const [id, target = ''] = positionals;
  const send = (told: Told): void => void process.send?.(told);
  const tell: Tell = { breach: (breach) => send({ breach }), note: (note) => send({ note }) };
  const sendDid = (): void =>
    send({ did: { opened: did.opened, sentBytes: did.sentBytes, failures: [...did.failures] } });
  setInterval(sendDid, 250);
  await attacks.find((one) => one.id === id)!.run(JSON.parse(target) as Target, tell);
} else {
  process.exitCode = await all();
}

async function all(): Promise<number> {
  const only = values.only?.split(',');
  const these = attacks.filter(({ id, isShort }) =>
    only === undefined ? !values.short || isShort === true : only.includes(id),
  );
  if (these.length === 0) throw new Error(`Cannot find attack ${String(values.only)}: found ${ids()}`);
  prefer(process, PRIORITY.measured); // honest clients are in this process
  const duringMs = Number(values.seconds ?? NaN) * 1_000 || LONG.duringMs;
  const form = values.short ? SHORT : { ...LONG, duringMs };
  const outcomes: Outcome[] = [];
  for (const attack of these) {
    const outcome = await conduct(attack, form, (text) => console.log(text));
    outcomes.push(outcome);
    console.log(line(outcome));
  }
  await removePrograms();
  const missed = outcomes.filter(({ faults }) => faults.length > 0).length;
  console.log(`\n${table(outcomes)}\n\n${outcomes.length - missed} held, ${missed} missed`);
  return missed === 0 ? 0 : 1;
}

function ids(): string {
  return attacks.map(({ id }) => id).join(', ');
}
