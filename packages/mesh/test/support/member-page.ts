// A page whose program enters rooms with members of its own, for tests to drive.
import { programPage } from '../../../../test/support/chromium.ts';

const program = `
  import { join } from '@relay-swarm/mesh';
  import { memberProgram } from './member-program.ts';
  export const { enter, state, broadcast, count, leave } = memberProgram(join);
`;

export const memberPage = async (): Promise<Record<string, string>> =>
  programPage(program, import.meta.dirname);
