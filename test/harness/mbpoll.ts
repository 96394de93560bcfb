/** Debian's mbpoll: a Modbus client that this project did not write. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Why it cannot be used; null where it can. */
export const NO_MBPOLL = spawnSync('mbpoll', ['-V']).error ? 'mbpoll (Debian: mbpoll) is not installed' : null;

/** The numbers that it prints, `[16]: 230.2`. `place`: its options for a bus, with the host or the port last. */
export async function poll(place: readonly string[], unit: number, ask: string): Promise<number[]> {
  const args = ['-0', '-1', '-q', '-o', '2', ...place.slice(0, -1), '-a', String(unit), ...ask.split(' ')];
  const { stdout } = await run('mbpoll', [...args, place.at(-1) ?? ''], { timeout: 10_000 });
  return [...stdout.matchAll(/^\[\d+\]:\s+(-?[\d.e+-]+)/gm)].map(([, number]) => Number(number));
}
