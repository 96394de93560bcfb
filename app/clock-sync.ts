/** What the operating system says of its clock. Asked again and again, since NTP comes when the network does. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface ClockSync {
  /** False also where the system cannot say. */
  isUnsynchronised(): boolean;
  stop(): void;
}

const EVERY_MS = 60_000;
const TIMEOUT_MS = 5_000;
const run = promisify(execFile);

/** Resolves with the first answer: the first reading is judged by it. */
export async function startClockSync(): Promise<ClockSync> {
  let isUnsynchronised = await askSystem();
  const asking = setInterval(async () => {
    isUnsynchronised = await askSystem();
  }, EVERY_MS);
  return { isUnsynchronised: () => isUnsynchronised, stop: () => clearInterval(asking) };
}

async function askSystem(): Promise<boolean> {
  const asked = run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { timeout: TIMEOUT_MS });
  return await asked.then(
    ({ stdout }) => stdout.trim() === 'no',
    () => false,
  );
}
