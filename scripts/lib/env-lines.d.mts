export function checkEnvLines(
  text: string,
  known: ReadonlySet<string>,
): { faults: string[]; unknown: string[] };
export function settingNames(example: string): Set<string>;
