/** Debian's libfaketime: a process whose clock is wrong, and can be set while it runs. Without a test runner, since runs use it too. */
import { existsSync, writeFileSync } from 'node:fs';

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };
const LIBRARY = `/usr/lib/${MACHINES[process.arch]}-linux-gnu/faketime/libfaketimeMT.so.1`;

export const NO_FAKETIME = existsSync(LIBRARY) ? null : 'libfaketime (Debian: faketime) is not installed';

export interface FakeTime {
  /** For the process. */
  readonly env: NodeJS.ProcessEnv;
  /** How far its clock is off from now on. */
  set(offS: number): void;
}

/** `file`: by which the process is told. */
export function createFakeTimeIn(file: string, offS = 0): FakeTime {
  const set = (seconds: number) => writeFileSync(file, `${seconds < 0 ? '' : '+'}${Math.round(seconds)}`);
  set(offS);
  const env = { LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1', DONT_FAKE_MONOTONIC: '1' };
  return { env, set };
}
