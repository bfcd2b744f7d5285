export * from './canonical.ts';
export * from './descriptor.ts';
export * from './fields.ts';
export * from './graffiti.ts';
export * from './health.ts';
export * from './relay-message.ts';
export * from './roster.ts';
