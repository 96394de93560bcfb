/** Who reports when: each device once an interval, and at once where something changed that it tells at once. */
import type { SimDevice, Values } from './devices/sim-device.ts';

/** What a device remembers of its reports. Plain data. */
interface Reported {
  /** What it last told of its on-change metrics; null until it is first known. */
  told: Values | null;
  /** Of the next report (contract 2.2). */
  seq: number;
}

/** By device. */
export type ScheduleState = Readonly<Record<string, Readonly<Reported>>>;

export interface Report {
  readonly device: SimDevice;
  readonly atMs: number;
  /** Null where the one before it was not asked for: a gap would say that it was lost. */
  readonly seq: number | null;
}

interface ReportsAsked {
  /** Later than this. */
  readonly afterMs: number;
  readonly untilMs: number;
  /** When something may have changed, rising. */
  readonly changesAt: readonly number[];
  /** Thins the periodic ones, and only those. */
  readonly everyAtLeastS: number;
}

export interface Schedule {
  /** Where nothing was told yet, what there is now is no change. */
  begin(atMs: number): void;
  /** In time order, then in that of the devices. To be asked of each time once, within the village's present segment. */
  reports(asked: ReportsAsked): Report[];
  state(): ScheduleState;
}

export function createSchedule(devices: readonly SimDevice[], saved: ScheduleState = {}): Schedule {
  const memory = devices.map(({ device }): Reported => ({ told: null, seq: 0, ...saved[device.id] }));

  /** Whether one of its on-change values is another than it last told; it is told then. */
  function tellsChange(device: SimDevice, reported: Reported, atMs: number): boolean {
    if (device.voice(atMs) !== 'speaks') return false;
    const now = device.measureOnChange(atMs);
    const { told } = reported;
    for (const metric in now) {
      if (now[metric] === told?.[metric]) continue;
      reported.told = now;
      return true;
    }
    return false;
  }

  function reportsOf(device: SimDevice, reported: Reported, asked: ReportsAsked): Report[] {
    const { everyMs, phaseMs } = device;
    const every = timesThinned(everyMs, asked.everyAtLeastS);
    const changed = asked.changesAt.filter((atMs) => tellsChange(device, reported, atMs));
    const reports: Report[] = [];
    const report = (atMs: number, isAsked: boolean): void => {
      const voice = device.voice(atMs);
      if (voice === 'off') reported.seq = 0;
      if (voice !== 'speaks') return;
      const seq = reported.seq++;
      if (isAsked) reports.push({ device, atMs, seq: every === 1 ? seq : null });
    };
    let next = 0;
    let slot = Math.floor((asked.afterMs - phaseMs) / everyMs) + 1;
    for (; phaseMs + slot * everyMs <= asked.untilMs; slot++) {
      const atMs = phaseMs + slot * everyMs;
      for (let at = changed[next]; at !== undefined && at < atMs; at = changed[++next]) report(at, true);
      // A device whose turn it is anyway tells its change in one report.
      const isChange = changed[next] === atMs;
      if (isChange) next++;
      report(atMs, isChange || slot % every === 0);
    }
    for (let at = changed[next]; at !== undefined; at = changed[++next]) report(at, true);
    return reports;
  }

  return {
    begin(atMs) {
      devices.forEach((device, i) => {
        const reported = memory[i];
        if (reported) reported.told ??= device.measureOnChange(atMs);
      });
    },
    reports: (asked) =>
      devices
        .flatMap((device, i) => reportsOf(device, memory[i] as Reported, asked))
        .sort((a, b) => a.atMs - b.atMs || a.device.index - b.device.index),
    state: () => Object.fromEntries(devices.map(({ device }, i) => [device.id, { ...(memory[i] as Reported) }])),
  };
}

/** Every how manieth report is asked for: one of the usual ones, so that both say the same of the same time. */
function timesThinned(everyMs: number, everyAtLeastS: number): number {
  return Math.max(1, Math.ceil((everyAtLeastS * 1000) / everyMs));
}
