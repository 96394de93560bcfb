/** What the detectors cost a reading, in this process: no broker, no disk. */
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Accepted } from '../ingest/accept.ts';
import { createDetectors, NO_MEMORY } from '../ingest/detect/detectors.ts';
import type { Parsed } from '../model/fault.ts';
import type { DeviceId, MetricName } from '../model/ids.ts';
import { type Plant, parsePlant } from '../model/plant.ts';
import { parseProfile } from '../model/profile.ts';
import type { Reading } from '../model/reading.ts';
import type { Rule } from '../model/rule.ts';
import { parseRules } from '../model/rule-file.ts';
import { atMost, type Figure, figure, noBar } from './figure.ts';
import type { RunContext } from './run-context.ts';

const CONFIG = new URL('../config/', import.meta.url);
const ASSETS = 300;
const MINUTES = 600;
const WARM_UP_MINUTES = 200;
const REPEATS = 5;

export async function measureDetect(context: RunContext): Promise<readonly Figure[]> {
  const plant = largePlant();
  const all = value(parseRules([], { plant, shipped: parse(readText('rules.yaml')) }));
  const hot = all.filter(({ detect }) => detect === 'limit' || detect === 'silence');
  const repeats = Array.from({ length: context.repeats ?? REPEATS }, () => [
    usPerReading(plant, hot),
    usPerReading(plant, all),
  ]);
  return [
    figure(
      ['limits and silence, a reading', 'us'],
      atMost(1.5),
      repeats.map(([us]) => us ?? Number.NaN),
    ),
    figure(
      ['all shipped rules, a reading', 'us'],
      noBar,
      repeats.map(([, us]) => us ?? Number.NaN),
    ),
  ];
}

/** Of each kind of device as many, each a minute; a look at silence and clocks once a second, as ingest does it. */
function usPerReading(plant: Plant, rules: readonly Rule[]): number {
  let nowMs = Date.UTC(2026, 0, 1);
  const clock = { now: () => nowMs, uptimeMs: () => nowMs, isClockRight: () => true };
  let told = 0;
  const tell = (): void => {
    told++;
  };
  const options = { plant, rules, memory: NO_MEMORY, newest: [] };
  const detectors = createDetectors(options, { ...clock, isActive: () => false, tell });
  const devices = [...plant.devices.values()];
  let [readings, spentMs] = [0, 0];
  for (let minute = 0; minute < WARM_UP_MINUTES + MINUTES; minute++) {
    const messages = devices.map((device, i) => message(device.id, [...device.metrics.keys()], { minute, i, nowMs }));
    const startMs = performance.now();
    for (const accepted of messages) {
      detectors.hear(accepted, nowMs);
      detectors.take(accepted.readings, accepted.readings);
    }
    for (let second = 0; second < 60; second++) {
      nowMs += 1_000;
      detectors.sweep();
    }
    if (minute < WARM_UP_MINUTES) continue;
    spentMs += performance.now() - startMs;
    readings += messages.reduce((sum, { received }) => sum + received, 0);
  }
  if (told > 0) throw new Error(`${told} changes of condition where nothing is wrong`);
  return (spentMs * 1_000) / readings;
}

/** What each metric says on a quiet day; it trembles by a part of it. */
const QUIET: Readonly<Record<string, number>> = {
  level: 2,
  flow_rate: 8,
  pressure: 3,
  chlorine: 0.4,
  turbidity: 0.4,
  uv_ok: 1,
};

function message(
  device: DeviceId,
  metrics: readonly string[],
  { minute, i, nowMs }: { minute: number; i: number; nowMs: number },
): Accepted {
  const readings = metrics.map((metric): Reading => {
    const quiet = QUIET[metric];
    const tremble = quiet === 1 ? 0 : (((minute * 31 + i) % 17) - 8) / 1_000;
    const said = quiet === undefined ? 1_000 + minute * 8 : quiet + tremble;
    return { device, metric: metric as MetricName, ts: nowMs - (i % 50) * 10, value: said, quality: 'good' };
  });
  const frames = [{ ts: readings[0]?.ts, seq: minute, values: {} }];
  return { received: readings.length, readings, rejects: [], device, frames };
}

function largePlant(): Plant {
  const profiles = readdirSync(new URL('profiles/', CONFIG)).map((file) =>
    value(parseProfile(parse(readText(`profiles/${file}`)))),
  );
  const of = (kind: string, profile: string, more: object = {}) =>
    Array.from({ length: ASSETS }, (_, i) => ({
      asset: { id: `${kind}-${i}`, site: 'large', kind, ...more },
      device: { id: `${kind}-${i}`, site: 'large', profile, asset: `${kind}-${i}` },
    }));
  const tank = {
    levelVolume: [
      [0, 0],
      [4, 300],
    ],
    overflowM: 3.8,
    fireReserveM: 1,
  };
  const parts = [
    ...of('reservoir', 'reservoir-level', tank),
    ...of('main', 'flow-meter'),
    ...of('pressure-point', 'pressure-logger'),
    ...of('treatment', 'water-quality'),
  ];
  const raw = {
    sites: [{ id: 'large', lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' }],
    assets: parts.map(({ asset }) => asset),
    devices: parts.map(({ device }) => device),
  };
  return value(parsePlant(raw, new Map(profiles.map((profile) => [profile.id, profile]))));
}

function readText(path: string): string {
  return readFileSync(new URL(path, CONFIG), 'utf8');
}

function value<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new Error(JSON.stringify(parsed.faults));
}
