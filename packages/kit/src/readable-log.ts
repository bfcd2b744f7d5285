// The services log JSON for machines. Where a person reads along, a line of it becomes a sentence.
import type { DestinationStream } from 'pino';

interface Entry {
  readonly time?: string;
  readonly level?: string;
  readonly service?: string;
  readonly message?: unknown;
  readonly settings?: unknown;
  readonly error?: { readonly syscall?: string; readonly message?: string };
}

/** One line of a service's log as "message {fields}"; a line that is no JSON stays as it is. */
export function readableLine(line: string): string {
  let entry: Entry | null;
  try {
    entry = JSON.parse(line) as Entry | null;
  } catch {
    return line; // not every line is the logger's
  }
  if (typeof entry?.message !== 'string') return line;
  // The settings are in the file of whoever asks; the time is now, and the service stands before the line.
  const { level, message } = entry;
  const rest: Record<string, unknown> = Object.fromEntries(
    Object.entries(entry).filter(
      ([name]) => !['time', 'level', 'service', 'message', 'settings'].includes(name),
    ),
  );
  // The system's own refusals say everything in their message; the stack is for our mistakes.
  if (entry.error?.syscall) rest['error'] = entry.error.message;
  const fields = Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : '';
  return `${level === 'info' || level === undefined ? '' : `${level}: `}${message}${fields}`;
}

/** A destination for pino that writes readable lines. */
export function readableOutput(to: { write(text: string): unknown }): DestinationStream {
  return { write: (line) => void to.write(`${readableLine(line.trimEnd())}\n`) };
}
