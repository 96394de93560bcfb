/** What a condition is about, as far as it explains others or is explained. Pure. */
import type { ConditionRaise } from '../../model/condition.ts';
import { PHASE_METRICS } from '../../model/watch.ts';

export type Suppressible = Pick<
  ConditionRaise,
  'key' | 'rule' | 'detector' | 'site' | 'asset' | 'device' | 'metric' | 'settleS' | 'value' | 'limit' | 'values'
>;

/** What stops with the mains, and so says nothing new while they are gone. Levels and pressures are not among it. */
const POWERED: ReadonlySet<string> = new Set([
  ...['voltage_l1', 'voltage_l2', 'voltage_l3', 'current_l1', 'current_l2', 'current_l3', 'leakage_current'],
  ...['active_power', 'active_power_l1', 'active_power_l2', 'active_power_l3', 'power_factor', 'energy_total'],
  ...['uv_ok', 'pump_running', 'light_command', 'contactor_on', 'breaker_closed', 'lamp_on', 'dimming', 'burn_hours'],
]);
/** What a flushing or a filling moves. */
const FLOWING: ReadonlySet<string> = new Set(['flow_rate', 'volume_total', 'pressure']);
const VOLTAGES: ReadonlySet<string> = new Set(PHASE_METRICS.voltage);
/** Where there is too much of it there is power, and it may kill. */
const DEADLY: ReadonlySet<string> = new Set([...VOLTAGES, 'leakage_current']);

/** A tenth of the voltage between phase and neutral, and a tenth more than it. */
const DEAD_V = 23;
const OVER_V = 253;

export const isMains = ({ metric, detector }: Suppressible): boolean => metric === 'mains_ok' && detector !== 'silence';
/** As a meter sees it that goes on speaking: no voltage on any phase. */
export const isDeadSupply = (subject: Suppressible): boolean =>
  hasVoltages(subject) && voltagesOf(subject).every((volts) => volts < DEAD_V);
export const isFeeder = ({ metric, detector }: Suppressible): boolean =>
  metric === 'breaker_closed' && detector === 'limit';
export const isSilence = ({ detector }: Pick<Suppressible, 'detector'>): boolean => detector === 'silence';

/** Three phases may be currents too. */
const hasVoltages = ({ detector, metric }: Suppressible): boolean =>
  detector === 'phases' && metric !== null && VOLTAGES.has(metric);

const voltagesOf = ({ values: { l1, l2, l3 } }: Suppressible): readonly number[] => [l1, l2, l3].map(Number);

/** No power cut explains it: an overvoltage, as of a broken neutral, or current that leaks. */
function isDeadly(subject: Suppressible): boolean {
  if (hasVoltages(subject)) return voltagesOf(subject).some((volts) => volts > OVER_V);
  const { detector, metric } = subject;
  return (detector === 'limit' || detector === 'mismatch') && DEADLY.has(metric ?? '') && isTooHigh(subject);
}

/** Of what has a limit in its own unit. */
const isTooHigh = ({ value, limit }: Suppressible): boolean => value !== null && limit !== null && value > limit;

/** What water that flows explains: more flow, and less pressure for it. Never that none flows, or that a meter says nothing. */
export function isOfFlow(subject: Suppressible): boolean {
  const { detector, metric } = subject;
  if (metric === null || !FLOWING.has(metric)) return false;
  // Opening changes it fast one way, closing the other.
  if (detector === 'rate') return true;
  return detector === 'limit' && isTooHigh(subject) === (metric !== 'pressure');
}

/** Stands and falls with the mains of its place. */
export function isPowered(subject: Suppressible): boolean {
  if (isSilence(subject) || isDeadly(subject)) return false;
  return subject.detector === 'phases' || isMains(subject) || (subject.metric !== null && POWERED.has(subject.metric));
}

/** Whether an alarm of it may explain others. */
export function isParent(subject: Suppressible): boolean {
  if (subject.detector === 'server') return true;
  return (
    isFeeder(subject) || isMains(subject) || isDeadSupply(subject) || (isSilence(subject) && subject.metric === null)
  );
}
