/** One device on a bus: which of its metrics are due, how they are read, and what is to be told of them. */
import type { BridgeUnit } from '../../model/bridge-file.ts';
import type { FieldValue } from '../../model/modbus-codec.ts';
import { type Hole, planReads } from '../../model/read-plan.ts';
import type { PollClass, RegisterField } from '../../model/register-map.ts';
import type { ModbusBus } from '../bus/modbus-bus.ts';
import type { BridgeClock } from '../clock.ts';
import { createDerived } from './derived.ts';
import { type Outcome, readFields } from './read-fields.ts';

export type Values = Readonly<Record<string, FieldValue>>;

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
  knock(): Promise<Outcome>;
  /** Metrics that it does not have. */
  refused(): readonly string[];
  forgetRefused(): void;
  resets(): number;
}

const SECOND_MS = 1000;
const SLOW_MS = 900_000;
const CLASSES: readonly PollClass[] = ['fast', 'normal', 'slow', 'once'];

export interface PollerParts {
  readonly bus: Pick<ModbusBus, 'read'>;
  readonly clock: Pick<BridgeClock, 'upMs'>;
}

export function createDevicePoller(unit: BridgeUnit, { bus, clock }: PollerParts): DevicePoller {
  const { fields, map, everyS, timeoutMs, profile } = unit;
  const everyMs = everyS * SECOND_MS;
  const periods: Record<PollClass, number> = {
    fast: Math.min(SECOND_MS, everyMs),
    normal: everyMs,
    slow: Math.max(SLOW_MS, everyMs),
    once: everyMs,
  };
  const due = new Map(CLASSES.filter((each) => has(fields, each)).map((each) => [each, clock.upMs()]));
  const holes: Hole[] = [];
  const derived = createDerived(unit);
  const lastSaid = new Map<string, FieldValue>();
  const reading = { bus, unit: unit.unit, limits: map.limits, timeoutMs, holes };

  /** Whose time has come. With a report everything is told that may have changed. */
  function dueClasses(nowMs: number): Set<PollClass> {
    const classes = new Set(CLASSES.filter((each) => (due.get(each) ?? Number.POSITIVE_INFINITY) <= nowMs));
    if (classes.has('normal')) classes.add('fast');
    return classes;
  }

  function planNext(classes: ReadonlySet<PollClass>, nowMs: number, isRead: boolean): void {
    for (const each of classes) {
      if (each === 'once' && isRead) due.delete(each);
      else if (due.has(each)) due.set(each, nextSlot(due.get(each) ?? nowMs, periods[each], nowMs));
    }
  }

  /** Between two reports only what has changed. */
  function worthTelling(values: ReadonlyMap<string, FieldValue>, classes: ReadonlySet<PollClass>): Values | null {
    const isReport = [...classes].some((each) => each !== 'fast');
    const told = [...values].filter(([metric, value]) => {
      const isOnChange = profile.metrics.get(metric)?.reporting === 'on-change';
      return isReport || !isOnChange || lastSaid.get(metric) !== value;
    });
    for (const [metric, value] of told) lastSaid.set(metric, value);
    return told.length === 0 ? null : Object.fromEntries(told);
  }

  return {
    unit,
    dueMs: () => Math.min(...due.values(), Number.POSITIVE_INFINITY),
    hurry() {
      for (const each of due.keys()) due.set(each, clock.upMs());
    },
    async poll(attempts) {
      const nowMs = clock.upMs();
      const classes = dueClasses(nowMs);
      const wanted = fields.filter(({ poll }) => classes.has(poll));
      const { outcome, values } = await readFields(wanted, { ...reading, attempts });
      planNext(classes, nowMs, outcome === 'answered');
      return { outcome, values: worthTelling(new Map([...values, ...derived.of(values, clock.upMs())]), classes) };
    },
    skip() {
      const nowMs = clock.upMs();
      const classes = dueClasses(nowMs);
      planNext(classes, nowMs, false);
      const due = fields.filter(({ poll }) => classes.has(poll));
      const missed = new Map(due.map(({ metric }) => [metric, null]));
      return worthTelling(new Map([...missed, ...derived.of(missed, nowMs)]), classes);
    },
    async knock() {
      const { blocks } = planReads(fields, map.limits, holes);
      const first = blocks[0]?.fields ?? [];
      const { outcome } = await readFields(first, { ...reading, attempts: 1 });
      return outcome;
    },
    refused: () => planReads(fields, map.limits, holes).refused.map(({ metric }) => metric),
    forgetRefused: () => void holes.splice(0),
    resets: derived.resets,
  };
}

function has(fields: readonly RegisterField[], poll: PollClass): boolean {
  return fields.some((field) => field.poll === poll);
}

/** On the beat of the first poll; beats that were missed are left out, so that nothing piles up. */
function nextSlot(dueMs: number, periodMs: number, nowMs: number): number {
  const missed = Math.max(0, Math.floor((nowMs - dueMs) / periodMs));
  return dueMs + (missed + 1) * periodMs;
}
