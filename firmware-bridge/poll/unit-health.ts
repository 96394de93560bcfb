/** What is known of a unit: whether it answers, and what it has been heard to do. */
import type { DeviceId } from '../../model/ids.ts';
import type { UnitCounters } from '../bus/modbus-bus.ts';
import type { DevicePoller } from './device-poller.ts';

export interface UnitState {
  readonly pollers: DevicePoller[];
  isAnswering: boolean;
  hasAnswered: boolean;
  lastGoodMs: number | null;
}

export interface UnitHealth extends Readonly<UnitCounters> {
  readonly unit: number;
  readonly devices: readonly DeviceId[];
  /** Be it with a refusal. */
  readonly isAnswering: boolean;
  /** When registers of it were read last, by the bridge's clock; a refusal is no reading. */
  readonly lastGoodMs: number | null;
  /** `device.metric` whose registers it refuses. */
  readonly refused: readonly string[];
  /** Times that one of its counters was set back. */
  readonly resets: number;
}

export function devicesOf({ pollers }: Pick<UnitState, 'pollers'>): DeviceId[] {
  return pollers.map(({ unit }) => unit.device);
}

type Known = Readonly<UnitState> & { readonly counters: Readonly<UnitCounters> };

export function toHealth(unit: number, { pollers, isAnswering, lastGoodMs, counters }: Known): UnitHealth {
  return {
    unit,
    devices: devicesOf({ pollers }),
    isAnswering,
    lastGoodMs,
    ...counters,
    refused: pollers.flatMap((poller) => poller.refused().map((metric) => `${poller.unit.device}.${metric}`)),
    resets: pollers.reduce((sum, poller) => sum + poller.resets(), 0),
  };
}
