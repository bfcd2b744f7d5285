export const built: string;
export function buildSite(to?: string): Promise<void>;
export function ensureSite(to?: string): Promise<void>;
