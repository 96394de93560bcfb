/** All attacks: whatever the files beside this one export that is one, in the order of the files. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack } from './attack.ts';

const FOLDER = import.meta.dirname;

export async function allAttacks(): Promise<readonly Attack[]> {
  const files = readdirSync(FOLDER).filter((file) => /^(mqtt|http)-.*\.ts$/.test(file));
  const modules = await Promise.all(files.sort().map((file) => import(join(FOLDER, file))));
  return modules.flatMap((each) => Object.values(each).filter(isAttack));
}

function isAttack(value: unknown): value is Attack {
  return typeof value === 'object' && value !== null && 'name' in value && 'run' in value;
}
