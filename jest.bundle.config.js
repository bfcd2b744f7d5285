import { common } from './jest.config.js';

/** @type {import('jest').Config} What needs Docker: it brings the bundle up, uses it and takes it down. */
export default {
  ...common,
  testMatch: ['<rootDir>/**/test/bundle/**/*.test.ts'],
  testTimeout: 300_000,
  forceExit: true, // as in jest.config.js
};
