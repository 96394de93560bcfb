/** Detectors on a clock of their own: what devices send goes in, changes of condition are collected. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Accepted } from '../../ingest/accept.ts';
import { createDetectors, type DetectorMemory, type Detectors, NO_MEMORY } from '../../ingest/detect/detectors.ts';
import type { ConditionChange, ConditionRaise } from '../../model/condition.ts';
import type { DeviceId, MetricName } from '../../model/ids.ts';
import type { Plant } from '../../model/plant.ts';
import type { Reading } from '../../model/reading.ts';
import type { Rule } from '../../model/rule.ts';
import { parseRules } from '../../model/rule-file.ts';

export const SHIPPED: unknown = parse(readFileSync(new URL('../../config/rules.yaml', import.meta.url), 'utf8'));

/** The shipped rules, with what a plant wants otherwise. */
export function rulesFor(plant: Plant, own: unknown = []): readonly Rule[] {
  const parsed = parseRules(own, { plant, shipped: SHIPPED });
  if (parsed.ok) return parsed.value;
  throw new Error(JSON.stringify(parsed.faults, null, 1));
}

export interface DetectBench {
  readonly detectors: Detectors;
  /** All changes so far. */
  readonly changes: readonly ConditionChange[];
  /** Rules and devices of what is active now, as condition keys. */
  readonly active: ReadonlySet<string>;
  /** One message; `sentAt` is the server's time, by default the device's own. */
  send(device: string, ts: number, values: Readonly<Record<string, number | boolean | null>>, sentAt?: number): void;
  /** Lets the server's time go on, a look a second; `everyMs` is coarser where nothing depends on it. */
  goTo(ms: number, everyMs?: number): void;
  raises(): readonly ConditionRaise[];
}

export interface DetectBenchOptions {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly fromMs: number;
  readonly memory?: DetectorMemory;
  readonly newest?: readonly Reading[];
  /** Conditions whose alarms are open at the start. */
  readonly open?: readonly string[];
}

export function startDetectBench(options: DetectBenchOptions): DetectBench {
  const { plant, rules, fromMs, memory = NO_MEMORY, newest = [], open = [] } = options;
  let nowMs = fromMs;
  const changes: ConditionChange[] = [];
  const active = new Set<string>(open);
  const liveTs = new Map<string, number>();
  const detectors = createDetectors(
    { plant, rules, memory, newest },
    {
      isActive: (key) => active.has(key),
      tell(change) {
        changes.push(change);
        if (change.isHistorical) return;
        if (change.kind === 'raise') active.add(change.key);
        else active.delete(change.key);
      },
      now: () => nowMs,
      isClockRight: () => true,
      uptimeMs: () => nowMs - fromMs,
    },
  );

  function goTo(ms: number, everyMs = 1_000): void {
    while (nowMs < ms) {
      nowMs = Math.min(ms, nowMs + everyMs);
      detectors.sweep();
    }
  }

  return {
    detectors,
    changes,
    active,
    send(device, ts, values, sentAt = Math.max(ts, nowMs)) {
      if (sentAt > nowMs) goTo(sentAt, Math.max(1_000, (sentAt - nowMs) / 20));
      const readings = Object.entries(values).map(([metric, value]): Reading => {
        const quality = value === null ? 'bad' : 'good';
        return {
          device: device as DeviceId,
          metric: metric as MetricName,
          ts,
          value: value === null ? null : Number(value),
          quality,
        };
      });
      const accepted: Accepted = {
        received: readings.length,
        readings,
        rejects: [],
        device: device as DeviceId,
        frames: [{ ts, seq: undefined, values }],
      };
      detectors.hear(accepted, nowMs);
      const news = readings.filter(
        ({ metric }) => ts > (liveTs.get(`${device}/${metric}`) ?? Number.NEGATIVE_INFINITY),
      );
      for (const { metric } of news) liveTs.set(`${device}/${metric}`, ts);
      detectors.take(readings, news);
    },
    goTo,
    raises: () => changes.filter((change) => change.kind === 'raise'),
  };
}
