export function hasDocker(): boolean;
export function freePort(): Promise<number>;
export function testBundle(): Promise<{ env: NodeJS.ProcessEnv; compose: (...args: string[]) => number }>;
