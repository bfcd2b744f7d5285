// Compiles everything, as `tsc -b` does: once for a run of jest (jest.config.js, `compiled`).
import { compile } from '../../scripts/lib/prepare.mjs';

export default () => compile([]);
