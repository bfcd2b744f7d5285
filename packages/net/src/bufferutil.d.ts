declare module 'bufferutil' {
  /** Unmasks in place; `mask` has four bytes. In C where there is a build for this machine, else in JavaScript. */
  const bufferUtil: { unmask(buffer: Buffer, mask: Buffer): void };
  export default bufferUtil;
}
