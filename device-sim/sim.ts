/**
 * The simulated village as a running part: it delivers the past first, then lives on with the clock. What is
 * acknowledged stands in a file, so that the next start goes on from there: nothing is missing, and what is sent twice
 * is the same twice.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../model/log.ts';
import type { SimFault } from '../model/sim-fault.ts';
import type { Clock } from './clock.ts';
import { deliver, type Publish } from './delivery.ts';
import { createFaultKeeper, type NewFault } from './fault-keeper.ts';
import { createGate } from './gate.ts';
import { createPacer, type Pace } from './pacer.ts';
import { createSimFiles } from './sim-files.ts';
import { openVillage, type SavedVillage, type VillageOptions } from './sim-village.ts';
import type { SimState } from './state-file.ts';
import type { Town, TownMessage } from './town.ts';

const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Older readings of the back-fill are this far apart; those of the last day are not thinned. */
const COARSE_S = 300;
const FINE_MS = DAY_MS;
/** Village time delivered and acknowledged at a time: about 150 frames a device either way. */
const COARSE_CHUNK_MS = 4 * HOUR_MS;
const FINE_CHUNK_MS = HOUR_MS;
/** Further behind than this, live reports are sent as backlogs. */
const LIVE_WITHIN_MS = 2 * 60_000;
const LIVE_EVERY_MS = SECOND_MS;
const SAVE_EVERY_MS = 60 * SECOND_MS;
const RETRY_AFTER_MS = 5 * SECOND_MS;
/** How long `stop` waits for what is being published. */
const STOP_WAIT_MS = 1500;

export interface SimOptions extends VillageOptions {
  /** At first; without it, Infinity. */
  readonly speed?: number | undefined;
  /** JSON Lines of `TruthLine` are added to it. */
  readonly truthPath?: string | undefined;
}

export interface SimDependencies {
  readonly publish: Publish;
  readonly clock: Clock;
  readonly log: Log;
}

/** Village time, epoch ms: start and end of the back-fill, and how far it is acknowledged. */
interface Progress {
  readonly phase: 'backfill' | 'live';
  readonly fromMs: number;
  readonly toMs: number;
  readonly doneMs: number;
}

export interface SimStatus extends Progress {
  /** Infinity: as fast as possible. JSON has no such number. */
  readonly speed: number;
  readonly isPaused: boolean;
  readonly villageMs: number;
  /** Acting now. */
  readonly faultCount: number;
}

export interface Sim extends Pick<Town, 'faults' | 'board' | 'targets' | 'truth' | 'values'> {
  status(): SimStatus;
  /** Tells of every step of the back-fill, of the change to live, of faults put and of another pace. Returns how to stop listening. */
  onProgress(listener: (status: SimStatus) => void): () => void;
  /**
   * Puts a fault, or changes one of the same id that has not begun, or only its end where it has. Resolves with the fault
   * as it stands, saved before anything after it is delivered. Rejects with SimulatedFaultError (`bad-fault`).
   */
  put(fault: NewFault): Promise<SimFault>;
  /** Ends it now, or takes it back where it has not begun. */
  end(id: string): Promise<SimFault>;
  /** Throws PaceError (`bad-pace`). */
  setPace(pace: Pace): void;
  /** While paused: village time goes on by that much, never beyond the clock; resolves when that is delivered. PaceError. */
  step(ms: number): Promise<void>;
  /** Ends within two seconds; what was acknowledged is kept. */
  stop(): Promise<void>;
}

/** Starts delivering. Rejects where the plant or its network cannot be simulated, or a new village not have its faults. */
export async function startSim(options: SimOptions, dependencies: SimDependencies): Promise<Sim> {
  const opened = await openVillage(options, dependencies.clock.now(), dependencies.log);
  return runSim(opened, options, dependencies);
}

function runSim(opened: SavedVillage, options: SimOptions, { publish, clock, log }: SimDependencies): Sim {
  const { town, fromMs, toMs, identity } = opened;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  const listeners = new Set<(status: SimStatus) => void>();
  const files = createSimFiles(options, log);
  const pacer = createPacer(clock, options.speed);
  /** The village does not live on while a fault is being put. */
  const gate = createGate();
  let progress: Progress = { phase: 'backfill', fromMs, toMs: Math.max(toMs, fromMs), doneMs: fromMs };
  let fineFromMs = toMs - FINE_MS;
  let acknowledged: Pick<SimState, 'deliveredMs' | 'snapshot'> | null = null;
  let faults: readonly SimFault[] = town.faults();
  let savedAtMs = 0;
  let resting = new AbortController();

  function status(): SimStatus {
    const { speed, isPaused } = pacer;
    const acting = town.faults().filter((f) => f.fromMs <= town.nowMs && (f.toMs === null || f.toMs > town.nowMs));
    return { ...progress, speed, isPaused, villageMs: town.nowMs, faultCount: acting.length };
  }

  function tellProgress(next: Partial<Progress> = {}): void {
    progress = { ...progress, ...next };
    for (const listener of listeners) listener(status());
  }

  function stateWith(all: readonly SimFault[]): SimState {
    if (!acknowledged) throw new Error('the village has not begun');
    return { ...identity, ...acknowledged, faults: all };
  }

  async function save(): Promise<void> {
    savedAtMs = clock.now();
    if (acknowledged) await files.save(() => stateWith(faults));
  }

  function acknowledge(): void {
    acknowledged = { deliveredMs: town.nowMs, snapshot: town.snapshot() };
  }

  /** What arrives up to a time, made an hour at a time so that nobody else waits long. */
  async function collect(untilMs: number): Promise<TownMessage[]> {
    const isCoarse = untilMs <= fineFromMs && pacer.speed === Number.POSITIVE_INFINITY && !pacer.isPaused;
    const messages: TownMessage[] = [];
    while (town.nowMs < untilMs && !isStopping()) {
      await gate.pass();
      const endMs = Math.min(untilMs, town.nowMs + HOUR_MS);
      for (const message of town.step(endMs, isCoarse ? COARSE_S : 0)) messages.push(message);
      await nextTurn();
    }
    return messages;
  }

  /** Delivers everything up to a time, however often it takes. */
  async function deliverUntil(untilMs: number): Promise<void> {
    const messages = await collect(untilMs);
    while (!isStopping()) {
      try {
        await deliver(messages, publish);
        await files.tell(town.takeTruth());
        acknowledge();
        return;
      } catch (error) {
        if (isStopping()) return;
        log.warn({ err: error, frames: messages.length }, 'simulator: publishing failed, trying again');
        await clock.sleep(RETRY_AFTER_MS, stopping.signal);
      }
    }
  }

  /** What was delivered before a restart, or is too old to be delivered. */
  async function catchUp(): Promise<void> {
    while (town.nowMs < fromMs && !isStopping()) {
      town.skip(Math.min(fromMs, town.nowMs + HOUR_MS));
      await nextTurn();
    }
    if (isStopping()) return;
    faults = opened.join();
    await files.tell(town.takeTruth().filter(({ atMs }) => atMs > opened.toldMs));
    // Before the first report: another start would make another past, and contradict what has been sent of this one.
    acknowledge();
    await save();
  }

  function enter(phase: Progress['phase']): void {
    const at = { at: new Date(town.nowMs).toISOString() };
    if (phase === 'live') log.info(at, 'simulator: the past is delivered, live now');
    else log.info(at, 'simulator: delivering the past');
    fineFromMs = clock.now() - FINE_MS;
  }

  const isBehind = (): boolean => town.nowMs < clock.now() - LIVE_WITHIN_MS;

  /** Only a long pause, of the village or of the whole machine, ends the live phase. */
  function changePhase(): void {
    const phase = isBehind() ? 'backfill' : 'live';
    if (phase === progress.phase) return;
    enter(phase);
    if (phase === 'live') tellProgress({ phase });
    else tellProgress({ phase, fromMs: town.nowMs, toMs: clock.now(), doneMs: town.nowMs });
  }

  /** One chunk of the past, or what is due now. */
  async function round(): Promise<void> {
    changePhase();
    const beforeMs = town.nowMs;
    const limitMs = pacer.limitMs(beforeMs);
    // Where the clock was set back, the village waits until time has caught up.
    if (limitMs > beforeMs) await deliverUntil(chunkEnd(beforeMs, limitMs, fineFromMs));
    if (isStopping()) return;
    pacer.reached(town.nowMs);
    if (progress.phase === 'backfill' && town.nowMs > beforeMs) {
      tellProgress({ toMs: Math.max(progress.toMs, town.nowMs), doneMs: town.nowMs });
    }
    if (town.nowMs - beforeMs > LIVE_WITHIN_MS || clock.now() - savedAtMs >= SAVE_EVERY_MS) await save();
    const isMore = pacer.limitMs(town.nowMs) - town.nowMs > LIVE_WITHIN_MS;
    const hasCaughtUp = progress.phase === 'backfill' && !isBehind();
    if (!isMore && !hasCaughtUp) await rest();
  }

  async function rest(): Promise<void> {
    await clock.sleep(LIVE_EVERY_MS, resting.signal);
    if (!isStopping()) resting = new AbortController();
  }

  const keeper = createFaultKeeper(town, async (all) => {
    if (!acknowledged || isStopping()) throw new Error('the simulator has stopped');
    faults = all;
    try {
      await files.write(() => stateWith(faults));
    } catch (error) {
      faults = town.faults();
      throw error;
    }
  });

  async function standing(change: () => Promise<SimFault>): Promise<SimFault> {
    const fault = await gate.hold(async () => {
      await ready;
      return change();
    });
    tellProgress();
    return fault;
  }

  async function work(): Promise<void> {
    await ready;
    if (!isStopping()) enter('backfill');
    while (!isStopping()) await round();
  }

  async function end(): Promise<void> {
    stopping.abort();
    resting.abort();
    pacer.reached(Number.POSITIVE_INFINITY);
    const waited = new AbortController();
    await Promise.race([working, clock.sleep(STOP_WAIT_MS, waited.signal)]);
    waited.abort();
    await save();
  }

  let stopped: Promise<void> | null = null;
  const ready = catchUp();
  const working = work().catch((error: unknown) => log.error({ err: error }, 'simulator: ended by a fault'));
  return {
    status,
    faults: town.faults,
    board: town.board,
    targets: town.targets,
    truth: town.truth,
    values: town.values,
    put: (fault) => standing(() => keeper.put(fault)),
    end: (id) => standing(() => keeper.end(id)),
    setPace(pace) {
      pacer.set(pace, town.nowMs);
      resting.abort();
      tellProgress();
    },
    step(ms) {
      const stepped = pacer.step(town.nowMs, ms);
      resting.abort();
      return stepped;
    },
    onProgress(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop() {
      stopped ??= end();
      return stopped;
    },
  };
}

/** Where the chunk that begins at `fromMs` ends: coarse and fine readings are never in the same one. */
function chunkEnd(fromMs: number, nowMs: number, fineFromMs: number): number {
  if (fromMs < fineFromMs) return Math.min(fromMs + COARSE_CHUNK_MS, fineFromMs, nowMs);
  return Math.min(fromMs + FINE_CHUNK_MS, nowMs);
}
