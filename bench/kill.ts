/** kill -9 at random moments under load: every acknowledged reading is in the store, once and with its value. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Figure } from './figure.ts';
import { loadValue } from './load-value.ts';
import type { RunOptions } from './runner.ts';
import { type BenchServer, startBenchServer } from './server.ts';

const LOAD = resolve(import.meta.dirname, 'load.ts');
const CONFIG = 'config/first-device/aimak.yaml';
const ROUNDS = 20;
const CONNECTIONS = 50;
const RATE = 5_000;
const MAX_UNACKNOWLEDGED = 100;
/** A round lives between these, from the first connection on. */
const [SHORTEST_MS, LONGEST_MS] = [300, 2_000];
/** Distance of the rounds' timestamps: no two rounds send the same reading. */
const ROUND_TS = 1_000_000;
const PAGE = 10_000;

export async function killRounds({ rounds = ROUNDS }: RunOptions): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'aimak-kill-'));
  const dataDir = join(folder, 'data');
  const firstTs = Date.now() - 30 * 86_400_000;
  try {
    const acknowledged: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const server = await startBenchServer(dataDir, CONFIG);
      acknowledged.push(...(await loadUntilKilled(server, firstTs + round * ROUND_TS, join(folder, 'acks'))));
    }
    const server = await startBenchServer(dataDir, CONFIG);
    const stored = await readAll(server.url, firstTs, firstTs + rounds * ROUND_TS);
    server.process.kill('SIGTERM');
    await once(server.process, 'exit');
    return judge(acknowledged, stored, rounds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function loadUntilKilled(
  { process: server, mqttPort }: BenchServer,
  firstTs: number,
  acks: string,
): Promise<Float64Array> {
  const numbers = [mqttPort, CONNECTIONS, RATE, MAX_UNACKNOWLEDGED, firstTs].map(String);
  const load = spawn(process.execPath, [LOAD, ...numbers, acks], { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(load, 'exit');
  await delay(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
  server.kill('SIGKILL');
  await ended;
  const bytes = readFileSync(acks);
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

async function readAll(url: string, from: number, to: number): Promise<readonly (readonly [number, number])[]> {
  const all: [number, number][] = [];
  for (let next: number | undefined = from; next !== undefined; ) {
    const query = `device=tank-1-level&metric=level&from=${next}&to=${to}&points=${PAGE}`;
    const page = (await (await fetch(`${url}/api/history?${query}`)).json()) as {
      points: [number, number][];
      next?: number;
    };
    for (const point of page.points) all.push(point);
    next = page.next;
  }
  return all;
}

function judge(
  acknowledged: readonly number[],
  stored: readonly (readonly [number, number])[],
  rounds: number,
): Figure[] {
  const values = new Map(stored);
  const lost = acknowledged.filter((ts) => !values.has(ts)).length;
  const wrong = stored.filter(([ts, value]) => value !== loadValue(ts)).length;
  const none = (name: string, value: number): Figure => ({
    name,
    value,
    unit: 'readings',
    bar: '= 0',
    isMet: value === 0,
  });
  return [
    {
      name: `acknowledged in ${rounds} rounds`,
      value: acknowledged.length,
      unit: 'readings',
      bar: '> 0',
      isMet: acknowledged.length > 0,
    },
    none('acknowledged and not stored', lost),
    none('stored twice', stored.length - values.size),
    none('stored with another value', wrong),
  ];
}
