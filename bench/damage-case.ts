/** One case: a folder is copied, one file of it damaged, a server started on it and looked at. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { serverArgs, spawnAimak } from '../test/harness/process.ts';
import { ask, type Said } from './damage-ask.ts';
import { compare } from './damage-compare.ts';
import type { Damage } from './damage-kinds.ts';
import { type Made, USER } from './damage-made.ts';
import { copyOf } from './damage-truth.ts';
import { cpuSeconds } from './proc.ts';
import type { RunContext } from './run-context.ts';

export interface Case {
  readonly made: Made;
  readonly truth: Said;
  readonly file: string;
  readonly damage: Damage;
  readonly seed: number;
}

export interface Verdict {
  readonly name: string;
  readonly outcome: 'up' | 'refused' | 'bad';
  /** Sentences about what must not be; none where all is well. */
  readonly lies: readonly string[];
  readonly missing: readonly string[];
  readonly isTold: boolean;
  readonly faults: readonly string[];
  readonly traces: number;
  readonly isOverwritten: boolean;
  readonly isOpen: boolean;
}

const START_MS = 20_000;
const STOP_MS = 10_000;
const REPAIR_MS = 60_000;
const ACK_MS = 10_000;
/** A round of compaction begins with these. */
const MESSAGES = 220;
const SETTLE_MS = 1_000;
const SETTLED_CPU_S = 0.6;
const TOLD_MS = 3_000;
const REMEDY = /npm start -- |repair|backup|delete|remove|rename|move|rights|accept/i;

export const nameOf = ({ made, file, damage, seed }: Case): string =>
  `${made.name}/${file}: ${damage.name}${damage.isRandom ? ` (${seed})` : ''}`;

export async function tryCase(context: RunContext, one: Case, number: number): Promise<Verdict> {
  const { made, file, damage, seed } = one;
  const dataDir = copyOf(made, join(context.folder, `case-${number}`));
  try {
    damage.inflict(join(dataDir, file), seed);
    const before = contentsOf(dataDir).get(file);
    const first = await startAndLook(context, one, dataDir);
    const seen = first.isRepairable ? await repairAndLook(context, one, dataDir) : first;
    return {
      ...seen,
      name: nameOf(one),
      isOverwritten: before !== undefined && isGone(dataDir, file, { before, seen }),
    };
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** The remedy is done, as it was named: then it must start. */
async function repairAndLook(context: RunContext, one: Case, dataDir: string): Promise<Seen> {
  const file = one.file.replace(/-wal$/, '');
  const child = context.own(spawnAimak(['repair', file, '--data-dir', dataDir]));
  const err: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => void err.push(chunk.toString()));
  const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(REPAIR_MS) });
  if (err.length > 0 || code > 1)
    return { ...NOTHING, faults: [`repair ended with ${code}: ${err.join('').slice(0, 300)}`] };
  const seen = await startAndLook(context, one, dataDir);
  const faults = seen.outcome === 'up' ? seen.faults : ['does not start after repair', ...seen.faults];
  // It is repair that has said what is lost, by its exit code.
  return { ...seen, outcome: 'refused', faults, isTold: seen.isTold || code === 1 };
}

type Seen = Omit<Verdict, 'name' | 'isOverwritten'> & { readonly isRepairable?: boolean };
const NOTHING: Seen = { outcome: 'bad', lies: [], missing: [], isTold: false, faults: [], traces: 0, isOpen: false };

async function startAndLook(context: RunContext, one: Case, dataDir: string): Promise<Seen> {
  const { made, file, truth } = one;
  const child = context.own(spawnAimak([...made.args, ...serverArgs(made.config, dataDir)]));
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => void out.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void err.push(chunk.toString()));
  const ended = once(child, 'exit');
  const traces = (): number => (err.join('').match(/^\s+at .+$/gm) ?? []).length;
  try {
    const server = await whenUp(dataDir, child);
    if (server === 'ended')
      return { ...refusal(file, { code: child.exitCode, stderr: err.join('') }), traces: traces() };
    if (server === 'late') return { ...NOTHING, faults: [`neither up nor ended within ${START_MS / 1_000} s`] };
    const faults: string[] = [];
    const said = await ask(made, server, USER).catch((error: Error) => {
      faults.push(`does not answer: ${error.message}`);
      return null;
    });
    faults.push(...(await useIt(made, server)));
    const told = await whetherTold(server.url, file);
    if (child.exitCode === null) faults.push(...(await whetherIdle(child.pid ?? 0)));
    child.kill('SIGTERM');
    const code = await Promise.race([ended.then(([exitCode]) => exitCode), delay(STOP_MS, 'late')]);
    if (code !== 0) faults.push(`ended with ${code}`);
    const difference = said ? compare(truth, said) : { lies: [], missing: [] };
    return {
      outcome: 'up',
      ...difference,
      isTold: told,
      faults,
      traces: traces(),
      isOpen: said?.isOpen === true && !truth.isOpen,
    };
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

interface Address {
  readonly url: string;
  readonly mqttPort: number;
}

async function whenUp(
  dataDir: string,
  child: { pid?: number | undefined; exitCode: number | null },
): Promise<Address | 'ended' | 'late'> {
  for (const until = Date.now() + START_MS; Date.now() < until; await delay(20)) {
    if (child.exitCode !== null) return 'ended';
    const run = readRun(join(dataDir, 'run.json'));
    if (run?.pid === child.pid) return { url: `http://127.0.0.1:${run?.httpPort}`, mqttPort: run?.mqttPort ?? 0 };
  }
  return 'late';
}

function readRun(file: string): { pid: number; httpPort: number; mqttPort: number } | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function refusal(file: string, { code, stderr }: { code: number | null; stderr: string }): Seen {
  const faults: string[] = [];
  const lines = stderr.trim().split('\n');
  const main = file.replace(/-wal$/, '');
  if (code !== 1) faults.push(`ended with ${code}`);
  if (lines.length !== 1) faults.push(`${lines.length} lines on stderr, first: ${lines[0]?.slice(0, 200)}`);
  if (!stderr.includes(main)) faults.push(`does not name ${main}: ${lines[0]?.slice(0, 200)}`);
  if (!REMEDY.test(stderr)) faults.push(`names no remedy: ${lines[0]?.slice(0, 200)}`);
  const isRepairable = faults.length === 0 && /\brepair\b/.test(stderr);
  return { ...NOTHING, outcome: 'refused', isTold: true, faults, isRepairable };
}

/** Messages are acknowledged, also over a round of compaction. */
async function useIt({ plant }: Made, { mqttPort }: Address): Promise<string[]> {
  const topics = plant?.topics ?? [];
  if (topics.length === 0) return [];
  const client = mqtt.connect(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 0 });
  client.on('error', () => undefined);
  try {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`not within ${ACK_MS} ms`)), ACK_MS);
    const publish = async (): Promise<void> => {
      for (let n = 0; n < MESSAGES; n++) {
        const payload = JSON.stringify({ ts: Date.now() + n, values: { pressure: 3, temperature: 8 } });
        await client.publishAsync(topics[n % topics.length] ?? '', payload, { qos: 1 });
      }
    };
    await Promise.race([publish(), late.promise]).finally(() => clearTimeout(timer));
    return [];
  } catch (error) {
    return [`acknowledges nothing: ${(error as Error).message}`];
  } finally {
    client.end(true);
  }
}

async function whetherIdle(pid: number): Promise<string[]> {
  try {
    await delay(SETTLE_MS / 2);
    const before = cpuSeconds(pid);
    await delay(SETTLE_MS);
    const spentS = cpuSeconds(pid) - before;
    return spentS > (SETTLED_CPU_S * SETTLE_MS) / 1_000
      ? [`busy at rest: ${spentS.toFixed(2)} s of CPU in a second`]
      : [];
  } catch {
    return ['died'];
  }
}

/** Health is degraded, and a fault names the file; what a thread has found may take a moment. */
async function whetherTold(url: string, file: string): Promise<boolean> {
  for (const until = Date.now() + TOLD_MS; Date.now() < until; await delay(200)) {
    const health = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(ACK_MS) })
      .then((answer) => answer.json() as Promise<{ status: string; data?: { first: { file: string }[] } }>)
      .catch(() => null);
    const isNamed = health?.data?.first.some((fault) => fault.file === file.replace(/-wal$/, ''));
    if (health?.status === 'degraded' && isNamed) return true;
  }
  return false;
}

/** By path below the folder. */
function contentsOf(folder: string): Map<string, { hash: string; bytes: number }> {
  const names = existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]) : [];
  return new Map(
    names
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => {
        const bytes = readFileSync(join(folder, name));
        return [name, { hash: createHash('sha1').update(bytes).digest('hex'), bytes: bytes.length }];
      }),
  );
}

/** A server that refuses changes nothing; one that runs goes on with the file, or keeps it aside, byte for byte. */
function isGone(
  folder: string,
  file: string,
  { before, seen }: { before: { hash: string; bytes: number }; seen: Seen },
): boolean {
  const after = contentsOf(folder);
  const isKept = [...after.values()].some(({ hash }) => hash === before.hash);
  if (isKept || before.bytes === 0 || !KEPT.has(basename(file))) return false;
  if (seen.outcome === 'refused') return true;
  // Still in use: what was whole in it is there.
  return (after.get(file)?.bytes ?? 0) < before.bytes / 2;
}

/** The rest is made anew by each start, or is SQLite's own to dispose of. */
const KEPT: ReadonlySet<string> = new Set([
  'readings.db',
  'alarms.db',
  'people.db',
  'notify.db',
  'broker.db',
  'outbox.db',
  'rejects.jsonl',
  'sim.json',
]);
