import { hostname } from 'node:os';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config/config.ts';
import { requestFields } from './request-log.ts';

export type { Logger } from 'pino';

/** Paths whose values never reach a log line, wherever an object with them is logged. */
const REDACTED = [
  'password',
  'token',
  'secret',
  'authorization',
  'cookie',
  'apiKey',
  'refreshToken',
  'accessToken',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * Tells the processes of one name apart, in logs and traces: the host (a pod's name, in Kubernetes) and the process.
 */
export const INSTANCE = `${hostname()}:${process.pid}`;

/**
 * Creates the log of one process: JSON lines on standard output, or readable lines on a terminal.
 *
 * @param service name of the process, e.g. `gateway` or `chat`.
 */
export function createLog(config: Pick<Config, 'LOG_LEVEL' | 'LOG_FORMAT'>, service: string): Logger {
  const pretty = config.LOG_FORMAT === 'pretty' || (config.LOG_FORMAT === 'auto' && process.stdout.isTTY === true);
  return pino({
    level: config.LOG_LEVEL,
    base: { service, instance: INSTANCE },
    mixin: requestFields,
    timestamp: stdTimeFunctions.isoTime,
    redact: { paths: REDACTED, censor: '[redacted]' },
    ...(pretty && {
      transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,instance', translateTime: 'HH:MM:ss.l' } },
    }),
  });
}
