import type { MetricName } from './ids.ts';

/** `gauge` goes both ways, `counter` only up (with roll-over and reset), `state` is one of few values. */
type MetricKind = 'gauge' | 'counter' | 'state';

export interface Metric {
  readonly name: MetricName;
  /** As people read it, e.g. `m3/h`; empty for a pure number or a yes/no. */
  readonly unit: string;
  readonly kind: MetricKind;
  readonly type: 'number' | 'boolean';
  /** Physical range in `unit`; a value outside cannot be true and is rejected. A profile may narrow it. */
  readonly min: number;
  readonly max: number;
}

function metric(kind: MetricKind, unit: string, min: number, max: number, ...names: string[]) {
  return names.map((name): Metric => ({ name: name as MetricName, unit, kind, type: 'number', min, max }));
}

function yesNo(...names: string[]) {
  return names.map(
    (name): Metric => ({ name: name as MetricName, unit: '', kind: 'state', type: 'boolean', min: 0, max: 1 }),
  );
}

/**
 * Every metric that a device may report without a profile of its own (contract 2.6).
 * Ranges are wide: they catch a wrong unit, byte order or sentinel, not an unusual day.
 */
export const METRICS: ReadonlyMap<string, Metric> = new Map(
  [
    ...metric('gauge', 'm', -5, 100, 'level'),
    ...metric('gauge', 'm', -500, 500, 'well_level'),
    ...metric('gauge', 'm3/h', -20_000, 20_000, 'flow_rate'),
    ...metric('counter', 'm3', -1e10, 1e10, 'volume_total'),
    ...metric('gauge', 'm/s', -30, 30, 'flow_velocity'),
    ...metric('gauge', 'bar', -1, 100, 'pressure'),
    ...metric('gauge', 'mg/L', 0, 20, 'chlorine'),
    ...metric('gauge', 'NTU', 0, 10_000, 'turbidity'),
    ...metric('gauge', 'degC', -60, 150, 'temperature'),
    ...metric('counter', 'h', 0, 1e6, 'pump_hours', 'burn_hours'),
    ...metric('counter', '', 0, 1e9, 'pump_starts'),
    ...metric('gauge', '%', 0, 100, 'fuel_level', 'dimming', 'fill_level', 'signal_quality'),
    ...metric('gauge', 'W', -1e7, 1e7, 'active_power', 'active_power_l1', 'active_power_l2', 'active_power_l3'),
    ...metric('gauge', 'var', -1e7, 1e7, 'reactive_power'),
    ...metric('gauge', 'VA', -1e7, 1e7, 'apparent_power'),
    ...metric('counter', 'kWh', -1e10, 1e10, 'energy_total', 'energy_export'),
    ...metric('gauge', 'Hz', 0, 1000, 'frequency'),
    ...metric('gauge', 'V', 0, 1000, 'voltage_l1', 'voltage_l2', 'voltage_l3'),
    ...metric('gauge', 'A', 0, 10_000, 'current_l1', 'current_l2', 'current_l3'),
    ...metric('gauge', '', -1, 1, 'power_factor'),
    ...metric('gauge', 'mA', 0, 1e5, 'leakage_current'),
    ...metric('gauge', 'V', 0, 100, 'battery'),
    ...metric('gauge', 'dBm', -150, 0, 'signal'),
    ...yesNo('level_high', 'level_low', 'uv_ok', 'pump_running', 'pump_fault', 'generator_running'),
    ...yesNo('light_command', 'contactor_on', 'breaker_closed', 'door_open', 'lamp_on', 'mains_ok'),
  ].map((m) => [m.name, m]),
);
