// A machine's members: in a process of Node, or in a page of a Chromium that runs on it.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { callPage, launchChromium } from '../../../../test/support/chromium.ts';
import type { Namespace } from './namespace.ts';

/** Calls of the members' program on a machine (see member-program.ts). */
export interface Members {
  call<T>(name: string, ...args: readonly unknown[]): Promise<T>;
  end(): Promise<void>;
}

/** `program`: support/members.ts, compiled. */
export function nodeMembers(machine: Namespace, program: string): Members {
  const process: ChildProcess = machine.node(program, []);
  const answers = createInterface(process.stdout!)[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  return {
    call: async <T>(name: string, ...args: readonly unknown[]) => {
      process.stdin!.write(`${JSON.stringify([name, ...args])}\n`);
      const answer = last.then(() => answers.next());
      last = answer;
      return JSON.parse((await answer).value as string) as T;
    },
    end: () => {
      process.kill('SIGKILL');
      return Promise.resolve();
    },
  };
}

/** The page comes from the test itself: a page of another machine would not be a secure context. */
export async function chromiumMembers(
  machine: Namespace,
  executable: string,
  files: Readonly<Record<string, string>>,
): Promise<Members> {
  const browser = await launchChromium([], { executable: await machine.wrapped(executable) });
  // Whoever visits a page asks once before it may speak to a local network; here nobody is there to be asked
  const context = await browser.newContext({ permissions: ['local-network-access'] });
  await context.route('http://localhost/**', (route) => {
    const path = new URL(route.request().url()).pathname;
    const contentType = path.endsWith('.js') ? 'text/javascript' : 'text/html';
    return route.fulfill({ body: files[path] ?? '', contentType, status: path in files ? 200 : 404 });
  });
  const page = await context.newPage();
  await page.goto('http://localhost/');
  await page.waitForFunction('globalThis.program !== undefined');
  return { call: (name, ...args) => callPage(page, name, ...args), end: () => browser.close() };
}
