/** One device on a bus: which of its metrics are due, how they are read, and what is to be told of them. */
import type { BridgeUnit } from '../../model/bridge-file.ts';
import type { FieldValue } from '../../model/modbus-codec.ts';
import { planReads } from '../../model/read-plan.ts';
import type { RegisterField } from '../../model/register-map.ts';
import type { ModbusBus } from '../bus/modbus-bus.ts';
import type { BridgeClock } from '../clock.ts';
import { createDerived } from './derived.ts';
import { createPollSchedule } from './poll-schedule.ts';
import { askBlock, type Outcome, outcomeOf, readFields } from './read-fields.ts';
import { createRefusals } from './refusals.ts';

export type Values = Readonly<Record<string, FieldValue>>;
type FieldValues = ReadonlyMap<string, FieldValue>;

interface Polled {
  readonly outcome: Outcome;
  /** What is to be sent; null where there is nothing to tell. */
  readonly values: Values | null;
}

export interface DevicePoller {
  readonly unit: BridgeUnit;
  /** On the scale of `upMs`: a clock that is set does not move the beat. */
  dueMs(): number;
  /** Everything is due now. */
  hurry(): void;
  /** Reads what is due. */
  poll(attempts: number): Promise<Polled>;
  /** What is due without asking anybody: nothing could be read. */
  skip(): Values | null;
  /** Asks for a little, to see whether anybody is there. */
  knock(patienceMs: number): Promise<Outcome>;
  /** Metrics whose registers it refused when it was asked for them last. */
  refused(): readonly string[];
  /** What it has and what not; it may have been replaced. */
  forget(): void;
  resets(): number;
}

const SECOND_MS = 1000;

export interface PollerParts {
  readonly bus: Pick<ModbusBus, 'read'>;
  readonly clock: Pick<BridgeClock, 'upMs'>;
}

export function createDevicePoller(unit: BridgeUnit, { bus, clock }: PollerParts): DevicePoller {
  const { fields, map, everyS, timeoutMs, profile } = unit;
  const schedule = createPollSchedule(fields, everyS * SECOND_MS, clock.upMs());
  const refusals = createRefusals();
  const given = new Set<string>();
  const derived = createDerived(unit);
  const lastSaid = new Map<string, FieldValue>();
  const asking = { bus, unit: unit.unit, limits: map.limits, timeoutMs };

  function refused(): readonly string[] {
    return planReads(fields, map.limits, refusals.all()).refused.map(({ metric }) => metric);
  }

  /** Null for what was not read, but for what it seems not to have: it refuses that, never gave it, and gives others. */
  function completed(wanted: readonly RegisterField[], read: FieldValues): FieldValues {
    const lacking = new Set(given.size === 0 ? [] : refused().filter((metric) => !given.has(metric)));
    const missed = wanted.filter(({ metric }) => !read.has(metric) && !lacking.has(metric));
    const values = new Map([...read, ...missed.map(({ metric }): [string, null] => [metric, null])]);
    return new Map([...values, ...derived.of(values, clock.upMs())]);
  }

  /** Between two reports only what has changed. */
  function worthTelling(values: FieldValues, isReport: boolean): Values | null {
    const told = [...values].filter(([metric, value]) => {
      const isOnChange = profile.metrics.get(metric)?.reporting === 'on-change';
      return isReport || !isOnChange || lastSaid.get(metric) !== value;
    });
    for (const [metric, value] of told) lastSaid.set(metric, value);
    return told.length === 0 ? null : Object.fromEntries(told);
  }

  return {
    unit,
    dueMs: schedule.dueMs,
    hurry: () => schedule.hurry(clock.upMs()),
    async poll(attempts) {
      const nowMs = clock.upMs();
      const due = schedule.due(nowMs);
      const { outcome, values } = await readFields(due.fields, { ...asking, attempts, refusals, nowMs });
      for (const [metric, value] of values) if (value !== null) given.add(metric);
      schedule.done(due, nowMs, given);
      return { outcome, values: worthTelling(completed(due.fields, values), due.isReport) };
    },
    skip() {
      const nowMs = clock.upMs();
      const due = schedule.due(nowMs);
      schedule.done(due, nowMs, given);
      return worthTelling(completed(due.fields, new Map()), due.isReport);
    },
    async knock(patienceMs) {
      const [first] = fields;
      if (!first) return 'unasked';
      return outcomeOf(await askBlock(first, { ...asking, timeoutMs: patienceMs, attempts: 1 }));
    },
    refused,
    forget() {
      refusals.forget();
      given.clear();
    },
    resets: derived.resets,
  };
}
