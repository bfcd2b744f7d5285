/** What browsers must know at least. */
export const BROWSERS: string[];
/** The files for pages without a bundler. */
export function buildClient(): Promise<{ name: string; text: string }[]>;
