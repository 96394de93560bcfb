import pino, { type Logger } from 'pino';

/** JSON lines for machines; for a person at a terminal, sentences. */
export async function createLogger(level: string): Promise<Logger> {
  const { stdout } = process;
  if (!stdout.isTTY) return pino({ level });
  const { default: pretty } = await import('pino-pretty');
  return pino({ level }, pretty({ colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', sync: true }));
}
