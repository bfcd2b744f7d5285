// The services log JSON for machines. In a terminal a person reads along.

/** One line of a service's log as "message {fields}"; a line that is no JSON stays as it is. */
export function readableLine(line) {
  let entry;
  try {
    entry = JSON.parse(line);
  } catch {
    return line; // not every line is the logger's
  }
  if (typeof entry?.message !== 'string') return line;
  // The settings are in the file of whoever asks; the time is now.
  const { time, level, service, message, settings, ...fields } = entry;
  // The system's own refusals say everything in their message; the stack is for our mistakes.
  if (fields.error?.syscall) fields.error = fields.error.message;
  const rest = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
  return `${level === 'info' ? '' : `${level}: `}${message}${rest}`;
}
