/** Sessions without a broker, on a file and a clock of the test. */
import { join } from 'node:path';
import type { AedesPublishPacket } from 'aedes';
import { type OpenSessions, openSessions } from '../../broker/sessions/open-sessions.ts';
import type { SessionLimits } from '../../broker/sessions/session-limits.ts';
import { temporaryFolder } from '../harness/server.ts';

let brokerCounter = 0;

export function message(topic: string, payload: string, extra: Partial<AedesPublishPacket> = {}): AedesPublishPacket {
  brokerCounter++;
  const packet = { cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false } as const;
  return { ...packet, brokerId: 'now', brokerCounter, ...extra };
}

export interface World {
  readonly file: string;
  readonly clock: { ms: number };
  readonly lines: string[];
  open(limits?: Partial<SessionLimits>): OpenSessions;
}

/** Sessions that can be closed and opened again on the same file. */
export function world(file = join(temporaryFolder(), 'broker.db')): World {
  const clock = { ms: 1_800_000_000_000 };
  const lines: string[] = [];
  const note = (_: object, sentence: string): void => {
    lines.push(sentence);
  };
  const log = { info: note, warn: note, error: note };
  return {
    file,
    clock,
    lines,
    open: (limits = {}) => openSessions({ file, limits, isGranted: () => true }, { log, now: () => clock.ms }),
  };
}

export async function payloads(stream: AsyncIterable<{ payload?: string | Buffer }>): Promise<string[]> {
  return (await Array.fromAsync(stream)).map(({ payload }) => String(payload));
}
