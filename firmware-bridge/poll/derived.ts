/** Metrics that the profile wants made of counters: flow out of volume, power out of energy. */
import type { BridgeUnit } from '../../model/bridge-file.ts';
import type { FieldValue } from '../../model/modbus-codec.ts';
import { type CounterFlow, createCounterFlow } from './counter-flow.ts';

export interface Derived {
  /** Of what was just read; on the scale of `upMs`, since a clock that is set makes no water. */
  of(values: ReadonlyMap<string, FieldValue>, upMs: number): Map<string, FieldValue>;
  resets(): number;
}

interface Maker {
  readonly target: string;
  readonly source: string;
  readonly scale: number;
  readonly flow: CounterFlow;
}

export function createDerived({ map, profile, fields }: BridgeUnit): Derived {
  const makers = Object.entries(map.derived).map(([target, { from, windowS, scale }]): Maker => {
    const rollsOverAt = fields.find(({ metric }) => metric === from)?.rollsOverAt ?? null;
    const maxPerHour = Math.abs((profile.metrics.get(target)?.max ?? Number.POSITIVE_INFINITY) / scale);
    const flow = createCounterFlow({ windowMs: windowS * 1000, rollsOverAt, maxPerHour });
    return { target, source: from, scale, flow };
  });

  return {
    of(values, upMs) {
      const made = new Map<string, FieldValue>();
      for (const { target, source, scale, flow } of makers) {
        const count = values.get(source);
        if (count === undefined || typeof count === 'boolean') continue;
        const rate = flow.add(upMs, count);
        if (rate !== undefined) made.set(target, rate === null ? null : rate * scale);
      }
      return made;
    },
    resets: () => makers.reduce((sum, { flow }) => sum + flow.resets(), 0),
  };
}
