/** What the operating system says of its clock. Asked again and again, since NTP comes when the network does. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** `unknown`: it has not answered yet, or not in time. `nobody`: there is no such system, as in a container. */
export type SyncState = 'synchronised' | 'unsynchronised' | 'unknown' | 'nobody';

export interface ClockSync {
  state(): SyncState;
  stop(): void;
}

const EVERY_MS = 60_000;
const TIMEOUT_MS = 5_000;
const NO_SYSTEMD = /not been booted with systemd/;
const run = promisify(execFile);

/** Resolves with the first answer: the first reading is judged by it. */
export async function startClockSync(): Promise<ClockSync> {
  let state = await askSystem();
  const asking = setInterval(async () => {
    state = await askSystem();
  }, EVERY_MS);
  return { state: () => state, stop: () => clearInterval(asking) };
}

async function askSystem(): Promise<SyncState> {
  // It looks at the kernel's clock, so it knows of chrony and ntpd too.
  const asked = run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { timeout: TIMEOUT_MS });
  return await asked.then(({ stdout }) => stateOf(stdout.trim()), stateOfFailure);
}

function stateOf(answer: string): SyncState {
  if (answer === 'yes') return 'synchronised';
  return answer === 'no' ? 'unsynchronised' : 'unknown';
}

function stateOfFailure({ code, stderr = '' }: { code?: unknown; stderr?: string }): SyncState {
  return code === 'ENOENT' || NO_SYSTEMD.test(stderr) ? 'nobody' : 'unknown';
}
