// What the gate makes of jest's reports (--json).
//   results.mjs failed REPORT         the test files that failed, a line each
//   results.mjs tell REPORT [AGAIN]   what failed, and what passed only in a second run alone
//   results.mjs total REPORT [AGAIN] -- REPORT [AGAIN] …   "N passed, N failed"; where files ran again, their second run counts
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';

const read = (file) => (file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined);
const nameOf = (suite) => relative(process.cwd(), suite.name);
const failedSuites = (report) => report.testResults.filter((suite) => suite.status === 'failed');
const failedTests = (suite) => suite.assertionResults.filter((test) => test.status === 'failed');
const passedTests = (suite) => suite.assertionResults.filter((test) => test.status === 'passed');
/** A test file that cannot even be loaded has no tests to count: it counts as one. */
const failures = (suite) => Math.max(failedTests(suite).length, suite.status === 'failed' ? 1 : 0);

/** First lines of a message, without colours and without the frames of the stack. */
function firstLines(message) {
  const lines = message
    .replace(/\u001B\[[0-9;]*m/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s+at /.test(line));
  return lines.slice(0, 8).map((line) => `      ${line.slice(0, 200)}`);
}

function describe(suite) {
  const tests = failedTests(suite);
  if (tests.length === 0) return [`  ${nameOf(suite)}: did not load`, ...firstLines(suite.message)];
  return tests.flatMap((test) => [
    `  ${nameOf(suite)} › ${test.fullName}`,
    ...firstLines(test.failureMessages.join('\n')),
  ]);
}

/** A report in which files that ran again stand as the second run left them. */
function merged(report, again) {
  if (!again) return report.testResults;
  const second = new Map(again.testResults.map((suite) => [suite.name, suite]));
  return report.testResults.map((suite) => second.get(suite.name) ?? suite);
}

function tell(report, again) {
  if (!report) return ['  no report: the run was cut off before its end'];
  const good = new Set((again?.testResults ?? []).filter((suite) => suite.status === 'passed').map(nameOf));
  return failedSuites(report).flatMap((suite) => [
    ...describe(suite),
    ...(good.has(nameOf(suite)) ? ['    passed in a second run, alone'] : []),
  ]);
}

function total(pairs) {
  let [passed, failed] = [0, 0];
  for (const [file, againFile] of pairs) {
    const report = read(file);
    if (!report) failed++;
    for (const suite of report ? merged(report, read(againFile)) : []) {
      passed += passedTests(suite).length;
      failed += failures(suite);
    }
  }
  return `${passed} passed, ${failed} failed`;
}

const [command, ...files] = process.argv.slice(2);
if (command === 'failed') {
  const report = read(files[0]);
  for (const suite of report ? failedSuites(report) : []) console.log(nameOf(suite));
} else if (command === 'tell') {
  for (const line of tell(read(files[0]), read(files[1]))) console.log(line);
} else {
  const pairs = files
    .join('\n')
    .split('\n--\n')
    .map((pair) => pair.split('\n'));
  console.log(total(pairs));
}
