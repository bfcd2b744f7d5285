// The pieces of code in the documentation, for tests that run them as they stand there.
import { readRepositoryFile } from './repository.ts';

export interface Snippet {
  readonly page: string;
  readonly language: string;
  /** What stands behind the language: `file=Caddyfile`. */
  readonly file: string | undefined;
  readonly text: string;
}

export function snippetsOf(page: string): Snippet[] {
  return [...readRepositoryFile(page).matchAll(/^ *```(\w+)(?: file=(\S+))?\n([^]*?)^ *```$/gm)].map(
    ([, language, file, text]) => ({ page, language: language!, file, text: text! }),
  );
}

/** The text of the one that says this file. */
export function snippet(page: string, file: string): string {
  const found = snippetsOf(page).find((one) => one.file === file);
  if (found === undefined) throw new Error(`${page} has no piece of code with file=${file}`);
  return found.text;
}
