// npm test: installs what is missing on a fresh clone, then runs every test that needs neither root nor Docker.
// --bundle: brings the compose bundle up under its own name, runs the tests that use it, and takes it down again.
// Other arguments go to jest.
import { spawnSync } from 'node:child_process';
import { installPackages, requireNode, root } from './lib/prepare.mjs';
import { hasDocker, testBundle } from './lib/bundle.mjs';

const isBundle = process.argv.includes('--bundle');
const jestArgs = process.argv.slice(2).filter((arg) => arg !== '--bundle');

function jest(args, env) {
  // The notice that modules in jest's environments are experimental would come once for each test file.
  const options = `${env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`;
  const { status } = spawnSync(process.execPath, ['node_modules/jest/bin/jest.js', ...args], {
    cwd: root,
    env: { ...env, NODE_OPTIONS: options.trim() },
    stdio: 'inherit',
  });
  return status ?? 1;
}

async function bundleTests() {
  if (!hasDocker()) {
    console.error(
      'relay-swarm: the tests of the bundle need Docker with the Compose plugin, and a running daemon',
    );
    return process.env.CI === 'true' ? 1 : 0;
  }
  const { env, compose } = await testBundle();
  const down = () => compose('--profile', '*', 'down', '--volumes', '--remove-orphans', '--timeout', '5');
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(down() || 1));
  try {
    if (compose('up', '--build', '--detach', '--wait', '--wait-timeout', '180') !== 0) {
      compose('ps', '--all');
      compose('logs', '--tail', '100');
      return 1;
    }
    const status = jest(['--maxWorkers=1', ...jestArgs], { ...env, BUNDLE_TESTS: 'true' });
    if (status !== 0) compose('logs', '--tail', '100');
    return status;
  } finally {
    down();
  }
}

requireNode();
installPackages();
process.exit(isBundle ? await bundleTests() : jest(jestArgs, process.env));
