// Four kinds of tests. `npm test` runs the first three, which need neither root nor Docker; `npm run test:bundle` the fourth.
//   unit          rules and parts; fake clocks and random numbers, sockets of this process at most
//   integration   in a folder integration/ or clients/, of nginx, and of the scripts: programs as their users meet them: services, browsers, nginx, coturn, the scripts
//   compiled      of these, what a user starts with a command that compiles first (npm start, npm run spawn)
//   bundle        what needs the bundle up in Docker (scripts/test.mjs brings it up, and sets BUNDLE_TESTS)
const BUNDLE = '/test/bundle/';

/** @type {import('jest').Config} */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  // Tests run the sources; the compiled packages are for the services.
  moduleNameMapper: {
    '^@relay-swarm/(cluster|kit|net|protocol|relay-swarm|client|mesh)$': '<rootDir>/packages/$1/src/index.ts',
    '^@relay-swarm/(cluster|kit|net|protocol|relay-swarm|client|mesh)/(.*)$':
      '<rootDir>/packages/$1/src/$2.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
};

// Regular expressions: where the tests of programs are.
const INTEGRATION = [
  '/test/(integration|clients)/',
  '<rootDir>/nginx/test/',
  '<rootDir>/test/[^/]+\\.test\\.ts$',
];
const COMPILED = [
  '<rootDir>/test/start.test.ts',
  '<rootDir>/packages/mesh/test/integration/commands.test.ts',
];
const NOT_OURS = ['/node_modules/', '/dist/'];
const all = ['<rootDir>/**/test/**/*.test.ts'];
/** @type {Record<string, { testMatch: string[], testPathIgnorePatterns: string[], globalSetup?: string }>} */
const kinds = {
  unit: { testMatch: all, testPathIgnorePatterns: [...NOT_OURS, BUNDLE, ...INTEGRATION] },
  integration: {
    testMatch: [
      '<rootDir>/**/test/{integration,clients}/**/*.test.ts',
      '<rootDir>/nginx/test/*.test.ts',
      '<rootDir>/test/*.test.ts',
    ],
    testPathIgnorePatterns: [...NOT_OURS, BUNDLE, ...COMPILED],
  },
  // Compiled once before all of them, and before their time runs; two that did it at once would write the same files. Only where one of them is in the run.
  compiled: {
    testMatch: COMPILED,
    testPathIgnorePatterns: NOT_OURS,
    globalSetup: '<rootDir>/test/support/compile-all.mjs',
  },
  bundle: { testMatch: ['<rootDir>/**/test/bundle/**/*.test.ts'], testPathIgnorePatterns: NOT_OURS },
};

/** @type {import('jest').Config} */
export default {
  projects: Object.entries(kinds)
    .filter(([name]) => (name === 'bundle') === (process.env.BUNDLE_TESTS === 'true'))
    .map(([displayName, kind]) => ({ ...common, displayName, ...kind })),
  testTimeout: process.env.BUNDLE_TESTS === 'true' ? 300_000 : 30_000,
  // Most of these tests wait for programs that they started, so every processor gets one.
  maxWorkers: '100%',
  // Also where there is one worker it is a process of its own (jest would take this one): a thread of a native client, or whatever else
  // a test left behind, then ends with it, and cannot change how the run ends. One that has grown so large is made anew.
  workerIdleMemoryLimit: '1GB',
  openHandlesTimeout: 0, // the reporter of ours says it
  reporters: ['default', '<rootDir>/test/support/end-of-run.mjs'],
};
