import type { BuildOptions } from 'esbuild';

export interface BuiltFile {
  readonly name: string;
  readonly text: string;
}
export const BROWSERS: string[];
export function buildClient(): Promise<BuiltFile[]>;
export function bundle(form: BuildOptions): Promise<string>;
export function integrityOf(text: string): string;
export function withIntegrity(page: string, built: readonly BuiltFile[]): string;
