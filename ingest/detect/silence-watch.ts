/** Who is silent: the time of hearing is noted per message, and looked at once a second. */
import type { ConditionChange } from '../../model/condition.ts';
import type { DeviceId, MetricName } from '../../model/ids.ts';
import type { Plant } from '../../model/plant.ts';
import type { Reading } from '../../model/reading.ts';
import type { SilenceWatch } from '../../model/watch.ts';
import { evaluateSilence, type SilenceMemory } from './silence.ts';

/** By condition key, for how long it had been silent, ms. */
export type SilenceKept = Readonly<Record<string, number>>;

export interface SilenceWatcher {
  /** Knows that it was heard before the start. */
  recall(device: DeviceId, metric: MetricName): void;
  /** A message of the device has come, with these readings; one without a value says nothing of its metric. */
  hear(device: DeviceId, readings: readonly Pick<Reading, 'metric' | 'value'>[]): void;
  sweep(): void;
  memory(): SilenceKept;
}

export interface SilenceOptions {
  readonly plant: Plant;
  readonly watches: readonly SilenceWatch[];
  readonly memory: SilenceKept;
  readonly isActive: (key: string) => boolean;
  readonly tell: (change: ConditionChange) => void;
  /** Epoch ms. */
  readonly now: () => number;
  readonly uptimeMs: () => number;
}

/** Uptime ms; null: never. */
interface Heard {
  at: number | null;
}

interface Slot {
  readonly watch: SilenceWatch;
  /** Of the device and those it speaks for; of a metric, its own. */
  readonly heard: readonly Heard[];
  /** Of a metric: its device, whose silence is not the metric's. */
  readonly speaker: Heard | null;
  /** Uptime before which nothing can change, ms: of many slots, a look asks few. */
  dueMs: number;
  memory: SilenceMemory;
}

interface Ears {
  readonly device: Heard;
  readonly metrics: Map<MetricName, Heard>;
}

const GRACE_MS = 60_000;
/** Kept are whole minutes: what is kept must not change with every look. */
const WORTH_KEEPING_MS = 60_000;

export function createSilenceWatcher(options: SilenceOptions): SilenceWatcher {
  const { plant, watches, memory: kept, isActive, tell, now, uptimeMs } = options;
  const startMs = uptimeMs();
  const ears = new Map<DeviceId, Ears>();
  for (const device of plant.devices.values()) ears.set(device.id, { device: { at: null }, metrics: new Map() });
  const speaksFor = Map.groupBy(plant.devices.values(), ({ via }) => via);
  const slots = watches.map(toSlot);
  const silentBefore = new Set(slots.filter(({ memory }) => memory.isActive).map(({ heard }) => heard[0]));

  function toSlot(watch: SilenceWatch): Slot {
    const { device, metric, key } = watch;
    const own = ears.get(device)?.device ?? { at: null };
    const everyMs = (plant.devices.get(device)?.everyS ?? 0) * 1000;
    // Not sooner after the start: nobody could send while the server was away.
    const slot = { watch, dueMs: startMs + everyMs + GRACE_MS, memory: { isActive: isActive(key), backAt: null } };
    if (metric !== null) {
      const heard: Heard = { at: null };
      ears.get(device)?.metrics.set(metric, heard);
      return { ...slot, heard: [heard], speaker: own };
    }
    const others = (speaksFor.get(device) ?? []).flatMap(({ id }) => ears.get(id)?.device ?? []);
    return { ...slot, heard: [own, ...others], speaker: null };
  }

  function judge(slot: Slot, uptime: number): void {
    const { watch, heard, speaker, memory } = slot;
    const heardAt = newest(heard);
    const nowMs = speaker === null ? uptime : speaker.at;
    // Whoever is heard first from now on is silent no sooner than that.
    slot.dueMs = memory.isActive ? 0 : (heardAt ?? uptime) + watch.afterMs;
    if (heardAt === null || nowMs === null) return;
    const after = evaluateSilence(watch, memory, { heardAt, nowMs });
    slot.memory = after;
    if (after.isActive === memory.isActive) return;
    slot.dueMs = 0;
    tellChange(slot, nowMs - heardAt);
  }

  function tellChange({ watch, memory }: Slot, silentMs: number): void {
    const { key, rule, priority, latches, settleS, site, asset, device, metric } = watch;
    if (!memory.isActive) {
      tell({ kind: 'return', key, at: now(), isHistorical: false });
      return;
    }
    const subject = { site, asset, device, metric, value: null, limit: null };
    const values = { silentMin: Math.floor(silentMs / 60_000) };
    const condition = { key, rule, detector: 'silence' as const, priority, latches, settleS };
    tell({ kind: 'raise', ...condition, at: now(), isHistorical: false, ...subject, values });
  }

  /** Before the start it had been silent for so long; the time that the server was away does not count. */
  function recallHeard(heard: Heard | undefined, key: string): void {
    const silentMs = kept[key];
    // Whose alarm is open is silent still, though a kill -9 took for how long.
    if (heard && (silentMs !== undefined || !silentBefore.has(heard))) heard.at = startMs - (silentMs ?? 0);
  }

  return {
    recall(device, metric) {
      const of = ears.get(device);
      recallHeard(of?.device, device);
      recallHeard(of?.metrics.get(metric), `${device}/${metric}`);
    },
    hear(device, readings) {
      const of = ears.get(device);
      if (!of) return;
      const at = uptimeMs();
      of.device.at = at;
      if (of.metrics.size === 0) return;
      for (const { metric, value } of readings) {
        const heard = value === null ? undefined : of.metrics.get(metric);
        if (heard) heard.at = at;
      }
    },
    sweep() {
      const uptime = uptimeMs();
      for (const slot of slots) if (uptime >= slot.dueMs) judge(slot, uptime);
    },
    memory() {
      const nowMs = uptimeMs();
      const silent: Record<string, number> = {};
      const keep = (key: string, { at }: Heard): void => {
        if (at !== null && nowMs - at >= WORTH_KEEPING_MS)
          silent[key] = Math.floor((nowMs - at) / WORTH_KEEPING_MS) * WORTH_KEEPING_MS;
      };
      for (const [id, of] of ears) {
        keep(id, of.device);
        for (const [metric, heard] of of.metrics) keep(`${id}/${metric}`, heard);
      }
      return silent;
    },
  };
}

function newest(heard: readonly Heard[]): number | null {
  let at: number | null = null;
  for (const each of heard) if (each.at !== null && (at === null || each.at > at)) at = each.at;
  return at;
}
