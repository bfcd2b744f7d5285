export function missingOptionals(lock: object): Map<string, { version: string; dev?: boolean }>;
