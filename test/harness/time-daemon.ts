/** A `timedatectl` in the place of systemd's, which not every machine has. */
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from './server.ts';

/** The search path of a process for which it prints `answer`. */
export function pathWithTimedatectl(answer: string): string {
  return pathWithScript(`echo ${answer}`);
}

/** And for which it fails with `complaint`. */
export function pathWithFailingTimedatectl(complaint: string): string {
  return pathWithScript(`echo "${complaint}" >&2; exit 1`);
}

/** It prints what stands in a file at that moment, and leaves a line in `FILE.asked`. */
export function pathWithTimedatectlOf(file: string): string {
  return pathWithScript(`cat ${file}; echo >> ${file}.asked`);
}

function pathWithScript(script: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'timedatectl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}${delimiter}${process.env.PATH}`;
}
