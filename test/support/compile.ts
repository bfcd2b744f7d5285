export { compileProgram } from './compile.mjs';
