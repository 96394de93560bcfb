/**
 * The simulated village as a running part: it delivers the past first, then lives on with the clock. What is
 * acknowledged stands in a file, so that the next start goes on from there: nothing is missing, and what is sent twice
 * is the same twice.
 */
import type { Log } from '../model/log.ts';
import type { SimFault } from '../model/sim-fault.ts';
import type { Clock } from './clock.ts';
import { createCourier } from './courier.ts';
import type { Publish } from './delivery.ts';
import { createFaultKeeper, type NewFault } from './fault-keeper.ts';
import { createGate } from './gate.ts';
import { createPacer, type Pace } from './pacer.ts';
import { createProgressBoard, type SimStatus } from './progress-board.ts';
import { createSimFiles } from './sim-files.ts';
import { openVillage, type SavedVillage, type VillageOptions } from './sim-village.ts';
import { createStateKeeper } from './state-keeper.ts';
import type { Town } from './town.ts';

export type { SimStatus } from './progress-board.ts';

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

export interface Sim extends Pick<Town, 'faults' | 'board' | 'targets' | 'truth' | 'values'> {
  status(): SimStatus;
  /** Tells of every step of the back-fill, of the change to live, of faults put and of another pace. Returns how to stop listening. */
  onProgress(listener: (status: SimStatus) => void): () => void;
  /**
   * Puts a fault, or changes one of the same id that has not begun, or only its end where it has. Resolves with the fault
   * as it stands, saved before anything after it is delivered. Rejects with SimulatedFaultError (`bad-fault`), or `not-saved`.
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
  const files = createSimFiles(options, log);
  const state = createStateKeeper(town, identity, { files, clock });
  const pacer = createPacer(clock, options.speed);
  /** The village does not live on while a fault is being put. */
  const gate = createGate();
  const courier = createCourier({
    ...{ town, gate, files, publish, clock, log },
    stopping: stopping.signal,
    onAcknowledged: state.acknowledge,
  });
  const progress = createProgressBoard(town, pacer, { fromMs, toMs: Math.max(toMs, fromMs) });
  let fineFromMs = toMs - FINE_MS;
  let resting = new AbortController();

  async function catchUp(): Promise<void> {
    await courier.skipUntil(fromMs);
    if (isStopping()) return;
    opened.join();
    await files.tell(town.takeTruth().filter(({ atMs }) => atMs > opened.toldMs));
    // Before the first report: another start would make another past, and contradict what has been sent of this one.
    state.acknowledge();
    await state.save();
  }

  function enter(phase: 'backfill' | 'live'): void {
    const at = { at: new Date(town.nowMs).toISOString() };
    if (phase === 'live') log.info(at, 'simulator: the past is delivered, live now');
    else log.info(at, 'simulator: delivering the past');
    fineFromMs = clock.now() - FINE_MS;
  }

  const isBehind = (): boolean => town.nowMs < clock.now() - LIVE_WITHIN_MS;

  /** Only a long pause, of the village or of the whole machine, ends the live phase. */
  function changePhase(): void {
    const phase = isBehind() ? 'backfill' : 'live';
    if (phase === progress.now().phase) return;
    enter(phase);
    if (phase === 'live') progress.tell({ phase });
    else progress.tell({ phase, fromMs: town.nowMs, toMs: clock.now(), doneMs: town.nowMs });
  }

  /** One chunk of the past, or what is due now. */
  async function round(): Promise<void> {
    changePhase();
    const beforeMs = town.nowMs;
    const limitMs = pacer.limitMs(beforeMs);
    // Where the clock was set back, the village waits until time has caught up.
    if (limitMs > beforeMs) await deliverTo(chunkEnd(beforeMs, limitMs, fineFromMs));
    if (isStopping()) return;
    pacer.reached(town.nowMs);
    if (progress.now().phase === 'backfill' && town.nowMs > beforeMs) {
      progress.tell({ toMs: Math.max(progress.now().toMs, town.nowMs), doneMs: town.nowMs });
    }
    if (town.nowMs - beforeMs > LIVE_WITHIN_MS || state.isDue()) await state.save();
    if (!isMoreDue()) await rest();
  }

  function deliverTo(untilMs: number): Promise<void> {
    const isCoarse = untilMs <= fineFromMs && pacer.speed === Number.POSITIVE_INFINITY && !pacer.isPaused;
    return courier.deliverUntil(untilMs, isCoarse ? COARSE_S : 0);
  }

  function isMoreDue(): boolean {
    const hasCaughtUp = progress.now().phase === 'backfill' && !isBehind();
    return hasCaughtUp || pacer.limitMs(town.nowMs) - town.nowMs > LIVE_WITHIN_MS;
  }

  async function rest(): Promise<void> {
    await clock.sleep(LIVE_EVERY_MS, resting.signal);
    if (!isStopping()) resting = new AbortController();
  }

  const keeper = createFaultKeeper(town, async (faults) => {
    if (isStopping()) throw new Error('the simulator has stopped');
    await state.saveWith(faults);
  });

  async function standing(change: () => Promise<SimFault>): Promise<SimFault> {
    const fault = await gate.hold(async () => {
      await ready;
      return change();
    });
    progress.tell();
    return fault;
  }

  async function work(): Promise<void> {
    await ready;
    if (!isStopping()) enter('backfill');
    while (!isStopping()) await round();
  }

  /** What was delivered stays true; nothing more comes. */
  function fail(error: Error): void {
    log.error({ err: error }, 'simulator: ended by a fault');
    pacer.reached(Number.POSITIVE_INFINITY);
    progress.tell({ phase: 'failed', failure: error.message });
  }

  async function end(): Promise<void> {
    stopping.abort();
    resting.abort();
    pacer.reached(Number.POSITIVE_INFINITY);
    const waited = new AbortController();
    await Promise.race([working, clock.sleep(STOP_WAIT_MS, waited.signal)]);
    waited.abort();
    await state.save();
  }

  let stopped: Promise<void> | null = null;
  const ready = catchUp();
  const working = work().catch(fail);
  return {
    status: progress.status,
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
      progress.tell();
    },
    step(ms) {
      const stepped = pacer.step(town.nowMs, ms);
      resting.abort();
      return stepped;
    },
    onProgress: progress.onProgress,
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
