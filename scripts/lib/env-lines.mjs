// What is wrong with the lines of .env, before anybody believes that they are in force. docker compose refuses the same lines by itself.

const SETTING = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/;
const UNCLOSED = /^(["'])(?!.*\1)/;

/** `faults` stop a start; `unknown` are names that nobody reads, which may be misspelt. `known` are the names of .env.example. */
export function checkEnvLines(text, known) {
  /** @type {string[]} */
  const faults = [];
  /** @type {string[]} */
  const unknown = [];
  text.split(/\r?\n/).forEach((line, at) => {
    if (/^\s*(#|$)/.test(line)) return;
    const [, name, value] = SETTING.exec(line) ?? [];
    // The line is not printed: it may hold a secret.
    if (name === undefined) faults.push(`.env line ${at + 1} is no setting: write NAME=value`);
    else if (UNCLOSED.test(value))
      faults.push(`.env line ${at + 1}: the quote at the start of ${name} is not closed`);
    else if (!known.has(name) && !/^(COMPOSE|DOCKER)_/.test(name))
      // Docker's own
      unknown.push(`.env line ${at + 1}: nobody reads ${name}. Is it misspelt?`);
  });
  return { faults, unknown };
}

/** The names in .env.example, set or not. */
export const settingNames = (example) =>
  new Set([...example.matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name));
