export * from './address-guard.ts';
export * from './address-rates.ts';
export * from './admission.ts';
export * from './client-address.ts';
export * from './flusher.ts';
export * from './origins.ts';
export * from './rate.ts';
export * from './upgrades.ts';
