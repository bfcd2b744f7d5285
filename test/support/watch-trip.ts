// Which files of ours a trip passes: seen on the stack of running code, at the places where work is done.

/** A class, its method, and the file that the method is in; none where it belongs to Node or the language. */
export type Place = readonly [{ readonly prototype: object }, method: string, file?: string];

const SOURCE = /\/[a-z-]+\/src\/(?:[\w-]+\/)*([\w-]+)\.ts/;

/** Tells the files of each stack, the outermost first, each as often as it was entered. Returns how to end it. */
export function watchTrip(places: readonly Place[], tell: (files: string[]) => void): () => void {
  const undo: (() => void)[] = [];
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 60;
  undo.push(() => (Error.stackTraceLimit = stackTraceLimit));
  for (const [{ prototype }, name, file] of places) {
    const methods = prototype as Record<string, (...given: unknown[]) => unknown>;
    const method = methods[name]!;
    methods[name] = function (this: unknown, ...given: unknown[]) {
      tell(filesOf(new Error().stack!, file));
      return method.apply(this, given);
    };
    undo.push(() => (methods[name] = method));
  }
  return () => {
    for (const one of undo) one();
  };
}

function filesOf(stack: string, last: string | undefined): string[] {
  const found = stack.split('\n').flatMap((line) => SOURCE.exec(line)?.[1] ?? []);
  const files = [...found.toReversed(), ...(last === undefined ? [] : [last])];
  return files.filter((file, at) => file !== files[at - 1]);
}

/** How often a stack comes back to a file that it has left. */
export const goingsBack = (files: readonly string[]): number => files.length - new Set(files).size;
