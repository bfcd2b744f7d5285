// Programs that some tests need and that npm cannot bring: a suite without its program is skipped with one clear line,
// and fails in CI, so that nothing is ever left out there unseen.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

type Suite = (title: string, body: () => void) => void;

/** Where the first of these programs is, or undefined. A name with a slash is taken as a path. */
export function findTool(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names
    .flatMap((name) => (name.includes('/') ? [name] : folders.map((folder) => join(folder, name))))
    .find(isExecutable);
}

/** `describe` where all these programs are installed: `requireTool('turnutils_uclient')('with coturn', () => { … })`. */
export function requireTool(...tools: readonly string[]): Suite {
  return requireFound(Object.fromEntries(tools.map((tool) => [tool, findTool(tool)])));
}

/** The same for programs that were looked for already: what each is called, and where it was found. */
export function requireFound(tools: Readonly<Record<string, string | undefined>>): Suite {
  const missing = Object.keys(tools).filter((tool) => tools[tool] === undefined);
  if (missing.length === 0) return describe;
  const reason = `needs ${missing.join(', ')}, not found here`;
  if (process.env['CI'] === 'true') {
    return (title) => {
      describe(title, () => {
        it(reason, () => {
          throw new Error(`Cannot run "${title}": it ${reason}`);
        });
      });
    };
  }
  return (title, body) => {
    process.stderr.write(`skipped: "${title}" ${reason}\n`);
    describe.skip(title, body);
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run: for a test that is the same
  }
}
