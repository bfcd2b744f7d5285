// Structured logs: one JSON object a line on standard output, or a sentence (readable-log.ts). The only importer of pino.
// The message is a constant sentence, data goes into fields. Never SDP, credentials or whole frames; addresses only at debug.
import { pino, type DestinationStream } from 'pino';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export const LOG_FORMATS = ['json', 'text'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
type Write = (message: string, fields?: Record<string, unknown>) => void;
export type Log = Readonly<Record<LogLevel, Write>> & { readonly isDebug: boolean };

/** Logs of one service; `destination` is standard output unless a test wants to read along. */
export function createLog(service: string, level: LogLevel = 'info', destination?: DestinationStream): Log {
  const options = {
    base: { service },
    level,
    messageKey: 'message',
    errorKey: 'error',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = destination
    ? pino(options, destination)
    : pino(options, pino.destination({ fd: 1, sync: true }));
  const write =
    (at: LogLevel): Write =>
    (message, fields = {}) =>
      logger[at](fields, message);
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    isDebug: level === 'debug',
  };
}

/** A log that goes nowhere, for parts that are used without a service. */
export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  isDebug: false,
};
