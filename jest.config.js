// Everything that needs neither root nor Docker. What needs the bundle up: jest.bundle.config.js.
export const common = {
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
    '^@relay-swarm/(kit|net|protocol|relay-swarm|client|mesh)$': '<rootDir>/packages/$1/src/index.ts',
    '^@relay-swarm/(kit|net|protocol|relay-swarm|client|mesh)/(.*)$': '<rootDir>/packages/$1/src/$2.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/'],
};

/** @type {import('jest').Config} */
export default {
  ...common,
  testMatch: ['<rootDir>/**/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/bundle/'],
  testTimeout: 30_000,
  // Something that a test leaves open, or a thread of a native client, must not keep the gate waiting for ever.
  forceExit: true,
};
