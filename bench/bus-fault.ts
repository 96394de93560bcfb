/** 32 units on one 9600-baud line and three of them dead, beside a line with the other 29 alone. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadProfilesBeside } from '../app/config/profile-files.ts';
import { openBus } from '../firmware-bridge/bus/open-bus.ts';
import { type BusLoop, startBusLoop } from '../firmware-bridge/poll/bus-loop.ts';
import { parseBridgeFile } from '../model/bridge-file.ts';
import { eventually } from '../test/harness/process.ts';
import { NO_SOCAT, startPtyPair } from '../test/harness/pty.ts';
import { type Child, startChild } from './child.ts';
import type { ModbusLineOptions } from './children/modbus-line.ts';
import { atLeast, below, exactly, type Figure, figure, noBar } from './figure.ts';
import type { RunContext, Skipped } from './run-context.ts';

const UNITS = 32;
const DEAD: readonly number[] = [5, 17, 28];
const PROFILE = 'sdm630';
const [BAUD, WARM_UP_S, MEASURED_S] = [9600, 120, 300];
/** Oftener than the line can: it is never idle. */
const EVERY_S = 1;
const RETURN_WITHIN_S = 60;

export async function measureBus(context: RunContext): Promise<readonly Figure[] | Skipped> {
  if (NO_SOCAT) return { skipped: NO_SOCAT };
  const all = Array.from({ length: UNITS }, (_, i) => i + 1);
  const living = all.filter((unit) => !DEAD.includes(unit));
  const [whole, without] = [await startLine(context, 'whole', all), await startLine(context, 'without', living)];
  const measuredS = context.seconds ?? MEASURED_S;
  const warmUpS = Math.min(WARM_UP_S, measuredS);
  context.say(`${warmUpS} s to settle, ${measuredS} s to measure`);
  await delay(warmUpS * 1000);
  const begins = [whole, without].map(({ reads }) => new Map(reads));
  await delay(measuredS * 1000);
  const [withDead = new Map(), alone = new Map()] = [whole, without].map(({ reads }, i) => risen(reads, begins[i]));
  const shares = living.map((unit) => (withDead.get(unit) ?? 0) / (alone.get(unit) ?? 0));
  const backS = await timeOfReturn(whole);
  for (const line of [whole, without]) await line.stop();
  return [
    figure(['reads of the 29, dead ones not configured', 'per min'], noBar, (60 * sum(alone)) / measuredS),
    figure(
      ['reads of the 29, beside three dead ones', 'per min'],
      noBar,
      (60 * (sum(withDead) - deadReads(withDead))) / measuredS,
    ),
    figure(
      ['share of their rate that the 29 keep', ''],
      atLeast(0.9),
      (sum(withDead) - deadReads(withDead)) / sum(alone),
    ),
    figure(['the same of the unit that keeps least', ''], atLeast(0.85), Math.min(...shares)),
    figure(['reads of the dead', ''], exactly(0), deadReads(withDead)),
    figure(['last of the dead read after its return', 's'], below(RETURN_WITHIN_S), backS),
  ];
}

interface Line {
  /** Good readings by unit so far. */
  readonly reads: Map<number, number>;
  readonly child: Child;
  stop(): Promise<void>;
}

async function startLine(context: RunContext, name: string, units: readonly number[]): Promise<Line> {
  const folder = join(context.folder, name);
  mkdirSync(folder);
  const pair = await startPtyPair(folder);
  const rtu = { path: pair.ends[0], simPath: pair.ends[1], baud: BAUD };
  const deviceOf = (unit: number): string => `meter-${unit}`;
  const known = units.map((unit) => ({ unit, device: deviceOf(unit), profile: PROFILE, everyS: EVERY_S }));
  const bridge = { site: 'toru', gateway: 'gw-1', buses: [{ id: 'b1', rtu, units: known }] };
  const options: ModbusLineOptions = { bridge, dead: DEAD.map(deviceOf) };
  const child = startChild(context, 'modbus-line.ts', options);
  await child.next('listening', 20_000);
  const reads = new Map<number, number>();
  const loop = poll(bridge, (device) => {
    const unit = Number(device.split('-')[1]);
    reads.set(unit, (reads.get(unit) ?? 0) + 1);
  });
  const stop = async (): Promise<void> => {
    await loop.stop();
    child.process.kill('SIGKILL');
    await pair.stop();
  };
  context.finally(() => void stop());
  return { reads, child, stop };
}

function poll(bridge: unknown, onRead: (device: string) => void): BusLoop {
  const parsed = parseBridgeFile(bridge, loadProfilesBeside('/nowhere').profiles);
  const bus = parsed.ok ? parsed.value.buses[0] : undefined;
  if (!bus) throw new Error(JSON.stringify(parsed));
  const log = { info: () => undefined, warn: () => undefined, error: console.error };
  const clock = {
    ...{ now: Date.now, upMs: () => performance.now(), bootId: '', isSet: () => true, source: () => null },
    sleep: (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => undefined),
  };
  return startBusLoop(bus, {
    ...{ modbus: openBus(bus.line, log), clock, log, onChange: () => undefined },
    async record(device, values) {
      if (Object.values(values).every((value) => value !== null)) onRead(device);
    },
  });
}

async function timeOfReturn({ reads, child }: Line): Promise<number> {
  const beganMs = performance.now();
  child.tell('revive');
  await eventually(() => DEAD.every((unit) => reads.has(unit)), Boolean, 2 * RETURN_WITHIN_S * 1000).catch(
    () => undefined,
  );
  return (performance.now() - beganMs) / 1000;
}

function risen(now: ReadonlyMap<number, number>, before: ReadonlyMap<number, number> | undefined): Map<number, number> {
  return new Map([...now].map(([unit, reads]) => [unit, reads - (before?.get(unit) ?? 0)]));
}

function deadReads(reads: ReadonlyMap<number, number>): number {
  return DEAD.reduce((total, unit) => total + (reads.get(unit) ?? 0), 0);
}

function sum(reads: ReadonlyMap<number, number>): number {
  return [...reads.values()].reduce((total, each) => total + each, 0);
}
