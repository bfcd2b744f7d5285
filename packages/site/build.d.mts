export const built: string;
export function buildSite(to?: string): Promise<void>;
