// npm run faults [-- --short] [-- --only kill-tracker,disk]: brings the bundle up under a name of its own, uses it all the while (pages,
// pairs at the tracker and at PeerJS, calls through TURN, a mesh, gun), breaks it in every way we know, and prints who noticed, and what was
// acknowledged and is lost. Needs root, for the containers' networks, and Docker. Ends with 1 where that is more than a fault allows.
import { parseArgs } from 'node:util';
import { Bundle } from './bundle.ts';
import { drill, type Outcome } from './drill.ts';
import { faults } from './faults.ts';
import { Users } from './users.ts';
import { seconds } from './verdict.ts';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const only = values.only?.split(',');
const these = faults.filter(({ id, isShort }) =>
  only === undefined ? !values.short || isShort === true : only.includes(id),
);
if (these.length === 0)
  throw new Error(
    `Cannot find the fault ${values.only}: wanted one of ${faults.map(({ id }) => id).join(', ')}`,
  );

const outcomes: Outcome[] = [];
const bundle = await Bundle.up();
try {
  const users = await Users.start(bundle);
  for (const fault of these) {
    const why = fault.missing?.(bundle);
    if (why !== undefined) {
      console.log(`${fault.id}: left out: ${why}`);
      continue;
    }
    const outcome = await drill(bundle, users, fault);
    outcomes.push(outcome);
    console.log(`${fault.id}: ${outcome.wrong.length === 0 ? 'held' : outcome.wrong.join('\n    ')}`);
  }
  await users.stop();
} finally {
  if (outcomes.some(({ wrong }) => wrong.length > 0)) await bundle.logsTo('/dev/stderr');
  await bundle.down();
}

const rows = outcomes.map(({ fault, lastedMs, noticed, promised, lost, wrong }) => {
  const who = noticed.filter(({ lost, awayMs }) => lost > 0 || awayMs > 0);
  const unmoved = noticed.filter((one) => !who.includes(one));
  return [
    fault.what,
    seconds(lastedMs),
    who
      .map(({ kind, awayMs, lost, rounds }) => `${kind}: ${seconds(awayMs)}, ${lost} of ${rounds} lost`)
      .join('; ') || 'nobody',
    unmoved.map(({ kind, rounds }) => `${kind} (${rounds})`).join(', ') || 'nobody',
    `${lost.length} of ${promised}`,
    wrong.length === 0 ? 'held' : wrong.join('; '),
  ];
});
const head = [
  'what happened',
  'lasted',
  'who noticed: for how long, rounds lost',
  'who did not (rounds)',
  'acknowledged and lost',
  '',
];
console.log(
  `\n${[head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`,
);
const missed = outcomes.filter(({ wrong }) => wrong.length > 0).length;
const sum = (of: (outcome: Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + of(outcome), 0);
console.log(`acknowledged and lost: ${sum(({ lost }) => lost.length)} of ${sum(({ promised }) => promised)}`);
console.log(`${outcomes.length - missed} held, ${missed} did not`);
process.exit(missed === 0 ? 0 : 1);
