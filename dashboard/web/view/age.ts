/** Age as part of the value: may a value still be believed, and what does the page say of it. */
import type { DeviceWire, LiveWire } from '../../wire.ts';

export type ValueState = 'fresh' | 'late' | 'stale' | 'bad' | 'unknown';

/** What of a device decides over the age of its values. */
type Pace = Pick<DeviceWire, 'lateAfterS' | 'staleAfterS' | 'onChange'>;

/** A device that the plant does not know yet: as one that reports every five minutes. */
export const UNKNOWN_PACE: Pace = { lateAfterS: 600, staleAfterS: 900, onChange: [] };

/** The time that the value's age counts from: for one reported on change, the device's last sign of life. */
export function vouchedAt(live: Pick<LiveWire, 'metric' | 'ts'>, pace: Pace, deviceNewestTs: number): number {
  return pace.onChange.includes(live.metric) ? Math.max(live.ts, deviceNewestTs) : live.ts;
}

export function judge(
  live: Pick<LiveWire, 'metric' | 'ts' | 'quality'> | null,
  pace: Pace,
  deviceNewestTs: number,
  nowMs: number,
): ValueState {
  if (live === null) return 'unknown';
  const ageS = (nowMs - vouchedAt(live, pace, deviceNewestTs)) / 1000;
  if (live.quality === 'stale' || ageS > pace.staleAfterS) return 'stale';
  if (live.quality === 'bad') return 'bad';
  return ageS > pace.lateAfterS ? 'late' : 'fresh';
}

const WORST_FIRST: readonly ValueState[] = ['unknown', 'bad', 'stale', 'late', 'fresh'];

/** What may be said of a figure computed from several values. */
export function worstOf(states: readonly ValueState[]): ValueState {
  return WORST_FIRST.find((state) => states.includes(state)) ?? 'unknown';
}
