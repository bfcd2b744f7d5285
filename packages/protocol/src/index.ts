export * from './graffiti.ts';
