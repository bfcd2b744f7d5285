// What goes wrong for an application, with a code to tell it by.

export type MeshErrorCode =
  'UNREACHABLE' | 'TIMEOUT' | 'LEFT' | 'NO_HANDLER' | 'FAILED' | 'TOO_LONG' | 'BAD_OPTION' | 'BAD_DATA';

export class MeshError extends Error {
  override readonly name = 'MeshError';
  readonly code: MeshErrorCode;

  constructor(code: MeshErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
