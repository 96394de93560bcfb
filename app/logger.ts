import pino, { type Logger } from 'pino';
import pretty from 'pino-pretty';

/** JSON lines for machines; for a person at a terminal, sentences. */
export function createLogger(level: string): Logger {
  const { stdout } = process;
  if (!stdout.isTTY) return pino({ level });
  return pino({ level }, pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true }));
}
