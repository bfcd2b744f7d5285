/** A whole number from 0 to below `limit`. */
export type RandomInt = (limit: number) => number;
