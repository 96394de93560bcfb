/**
 * What is known of the server's clock over a restart, and the list of what it stamped while it was wrong (contract 2.4,
 * ADR 0021): times of receipt are uncertain as they are; here stands which of them are wrong, since nothing else can tell.
 */
import type { Log } from '../model/log.ts';
import { bearsOwnTime, type Reading } from '../model/reading.ts';
import type { MemoryShelf } from './detect/memory-keeper.ts';
import { type ClockFault, MAX_OFF_MS, type ServerClock } from './server-clock.ts';

/**
 * `set-back`, `set-ahead`: the time that was believed was corrected by `offMs` after these were stamped. `future`: they lay
 * ahead of the time that was believed at a start. `device-ahead`: what a device said of a time that cannot be.
 */
type StampFault = 'set-back' | 'set-ahead' | 'future' | 'device-ahead';

/** Readings with a wrong time, until somebody dates them anew. */
interface WrongStamps {
  readonly why: StampFault;
  /** As they are stored, epoch ms, both included. */
  readonly fromTs: number;
  readonly toTs: number;
  /** How many; null: nobody counted them. */
  readonly readings: number | null;
  /** By how much the later time was ahead of theirs, ms; null: nobody knows. */
  readonly offMs: number | null;
  /** What was known to be wrong with the clock while they were stamped. */
  readonly fault: ClockFault | null;
  /** When the process that stamped them started, by its clock then, epoch ms. */
  readonly run: number;
  readonly foundAt: number;
  readonly device?: string;
  readonly metric?: string;
}

export interface WrongStampCounts {
  /** All that were found; those beyond the list are dropped, the oldest first. */
  readonly total: number;
  /** The newest hundred. */
  readonly last: readonly WrongStamps[];
}

/** Times of receipt given on one and the same clock. */
interface Era {
  readonly run: number;
  fromTs: number;
  toTs: number;
  readings: number;
  fault: ClockFault | null;
}

interface Kept {
  readonly version: 1;
  readonly soundUntilMs: number | null;
  readonly agreeing: readonly string[];
  readonly era: Era | null;
  readonly total: number;
  readonly stamps: readonly WrongStamps[];
}

export interface ClockRecord {
  /** Readings that were stored with the time of their receipt. */
  stamped(readings: readonly Reading[]): void;
  /** A live value lay in the future and gave way. */
  gaveWay(reading: Reading): void;
  /** To be called once a second. */
  look(): void;
  keep(): void;
  counts(): WrongStampCounts;
  /** The time by which things grow old, epoch ms: never further than some word for the clock goes. */
  agingNow(): number;
}

export interface ClockRecordDependencies {
  readonly shelf: MemoryShelf;
  readonly clock: Pick<ServerClock, 'now' | 'fault' | 'isSound' | 'agreeing'>;
  readonly uptimeMs: () => number;
  readonly log: Log;
}

const NAME = 'clock';
const MAX_STAMPS = 100;
const MAX_SOURCES = 1_000;
const KEEP_EVERY_MS = 10_000;
/** A correction by less leaves no wrong stamps worth a word. */
const SET_MS = 60_000;
const NOTHING: Kept = { version: 1, soundUntilMs: null, agreeing: [], era: null, total: 0, stamps: [] };

/** What the run before left; nothing where it is of another version or damaged. */
export function recalledClock(shelf: Pick<MemoryShelf, 'memory'>): Kept {
  try {
    const kept = JSON.parse(shelf.memory(NAME) ?? 'null') as Kept | null;
    return kept?.version === 1 ? { ...NOTHING, ...kept } : NOTHING;
  } catch {
    return NOTHING;
  }
}

export function createClockRecord(before: Kept, dependencies: ClockRecordDependencies): ClockRecord {
  const { shelf, clock, uptimeMs, log } = dependencies;
  const run = Math.round(clock.now());
  let stamps = before.stamps;
  let { total, soundUntilMs } = before;
  let era: Era | null = null;
  /** What was stamped before a jump ahead of which nobody can say which side of it is wrong. */
  let beforeJump: { readonly era: Era | null; readonly stepMs: number } | null = null;
  let eraBefore = before.era;
  let offsetMs = clock.now() - uptimeMs();
  let soundAtMs = uptimeMs();
  let keptAtMs = uptimeMs();
  let kept = '';

  function list(found: Omit<WrongStamps, 'foundAt'>): void {
    stamps = [...stamps, { ...found, foundAt: Math.round(clock.now()) }].slice(-MAX_STAMPS);
    total++;
    log.warn(found, 'readings bear the time of a wrong clock; see clock.stamps of /api/health');
  }

  /** A device whose clock runs wrong says another time with each message: one entry of this run grows with it. */
  function grows(why: WrongStamps['why'], { device, metric, ts }: Reading): boolean {
    const at = stamps.findLastIndex(
      (of) => of.run === run && of.why === why && of.device === device && of.metric === metric,
    );
    const of = stamps[at];
    if (!of) return false;
    const [fromTs, toTs] = [Math.min(of.fromTs, ts), Math.max(of.toTs, ts)];
    stamps = stamps.with(at, { ...of, fromTs, toTs, readings: (of.readings ?? 0) + 1 });
    return true;
  }

  /** Of a former run only what lies ahead is known to be wrong. */
  function judgeBefore({ fromTs, toTs, readings, fault, ...of }: Era): void {
    if (toTs <= clock.now() + SET_MS) return;
    list({ why: 'future', fromTs, toTs, readings, offMs: null, fault, run: of.run });
    eraBefore = null;
  }

  function listEra(of: Era | null, stepMs: number): void {
    if (!of) return;
    const { fromTs, toTs, readings, fault } = of;
    const why = stepMs > 0 ? 'set-ahead' : 'set-back';
    list({ why, fromTs, toTs, readings, offMs: Math.round(stepMs), fault, run });
  }

  /** What is back where it was before it jumped was right there. */
  function closeEra(stepMs: number): void {
    const isBack = beforeJump !== null && Math.abs(stepMs + beforeJump.stepMs) <= MAX_OFF_MS;
    if (beforeJump && !isBack) listEra(beforeJump.era, beforeJump.stepMs);
    beforeJump = null;
    if (clock.fault() === 'jumped-ahead') beforeJump = { era, stepMs };
    else listEra(era, stepMs);
    era = null;
  }

  /** Called before anything is stamped on the new clock. */
  function followClock(): void {
    const stepMs = clock.now() - uptimeMs() - offsetMs;
    if (Math.abs(stepMs) > SET_MS) {
      offsetMs += stepMs;
      closeEra(stepMs);
    } else if (beforeJump && clock.fault() !== 'jumped-ahead') {
      // The new time is taken as set.
      listEra(beforeJump.era, beforeJump.stepMs);
      beforeJump = null;
    }
  }

  function keep(): void {
    const agreeing = clock.agreeing().slice(0, MAX_SOURCES);
    const body = JSON.stringify({
      version: 1,
      soundUntilMs,
      agreeing,
      era: era ?? beforeJump?.era ?? eraBefore,
      total,
      stamps,
    });
    keptAtMs = uptimeMs();
    if (body === kept) return;
    try {
      shelf.keepMemory(NAME, body, Math.round(clock.now()));
      kept = body;
    } catch {
      // A full disk, which has an alarm of its own; it is tried again.
    }
  }

  if (eraBefore) judgeBefore(eraBefore);

  return {
    stamped(readings) {
      followClock();
      for (const { ts, isReceipt } of readings) {
        if (isReceipt !== true) continue;
        era ??= { run, fromTs: ts, toTs: ts, readings: 0, fault: clock.fault() };
        era.fromTs = Math.min(era.fromTs, ts);
        era.toTs = Math.max(era.toTs, ts);
        era.readings++;
      }
    },
    gaveWay(reading) {
      const { device, metric, ts } = reading;
      const isOwn = bearsOwnTime(reading);
      const isKnown = stamps.some((of) => {
        const isOfAll = of.device === undefined && !isOwn;
        return of.fromTs <= ts && ts <= of.toTs && (isOfAll || (of.device === device && of.metric === metric));
      });
      const why = isOwn ? 'device-ahead' : 'future';
      const span = { fromTs: ts, toTs: ts, readings: 1, offMs: null, fault: clock.fault(), run };
      if (!isKnown && !grows(why, reading)) list({ why, ...span, device, metric });
    },
    look() {
      followClock();
      if (clock.isSound()) {
        soundUntilMs = Math.round(clock.now());
        soundAtMs = uptimeMs();
      }
      if (uptimeMs() - keptAtMs >= KEEP_EVERY_MS) keep();
    },
    keep,
    counts: () => ({ total, last: stamps }),
    agingNow() {
      if (clock.isSound() || soundUntilMs === null) return Math.round(clock.now());
      return Math.round(soundUntilMs + uptimeMs() - soundAtMs);
    },
  };
}
