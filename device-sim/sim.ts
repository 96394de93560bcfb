/**
 * The simulated village as a running part: it delivers the past first, then lives on with the clock. What is
 * acknowledged stands in a file, so that the next start goes on from there: nothing is missing, and what is sent twice
 * is the same twice.
 */
import { rename } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../model/log.ts';
import type { Plant } from '../model/plant.ts';
import type { Clock } from './clock.ts';
import { deliver, type Publish } from './delivery.ts';
import { SimulatedDeviceError } from './devices.ts';
import { readState, type SimState, writeState } from './state-file.ts';
import { createTown, type Town, type TownMessage } from './town.ts';

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

export interface SimOptions {
  readonly plant: Plant;
  /** Text of the site's EPANET file. */
  readonly network: string;
  readonly seed: number;
  /** How much past a new village has, and the most that is delivered after a pause. */
  readonly backfillDays: number;
  /** A JSON file in the data folder. */
  readonly statePath: string;
}

export interface SimDependencies {
  readonly publish: Publish;
  readonly clock: Clock;
  readonly log: Log;
}

/** Village time, epoch ms: start and end of the back-fill, and how far it is acknowledged. */
export interface SimStatus {
  readonly phase: 'backfill' | 'live';
  readonly fromMs: number;
  readonly toMs: number;
  readonly doneMs: number;
}

export interface Sim {
  status(): SimStatus;
  /** Tells of every step of the back-fill and of the change to live. Returns how to stop listening. */
  onProgress(listener: (status: SimStatus) => void): () => void;
  /** Ends within two seconds; what was acknowledged is kept. */
  stop(): Promise<void>;
}

/** Starts delivering. Rejects where the plant or its network cannot be simulated. */
export async function startSim(options: SimOptions, dependencies: SimDependencies): Promise<Sim> {
  const { clock, log } = dependencies;
  const site = simulatedSite(options.plant);
  const saved = await usableState(options, site, log);
  const nowMs = clock.now();
  const oldestMs = nowMs - options.backfillDays * DAY_MS;
  const town = await createTown({
    ...options,
    site,
    fromMs: saved?.snapshot.atMs ?? oldestMs,
    snapshot: saved?.snapshot,
  });
  const fromMs = Math.max(saved?.deliveredMs ?? oldestMs, oldestMs);
  return runSim(town, { ...options, site, fromMs, toMs: nowMs }, dependencies);
}

interface Run extends SimOptions {
  readonly site: string;
  readonly fromMs: number;
  readonly toMs: number;
}

function runSim(town: Town, run: Run, { publish, clock, log }: SimDependencies): Sim {
  const { seed, site, statePath, fromMs } = run;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  const listeners = new Set<(status: SimStatus) => void>();
  let status: SimStatus = { phase: 'backfill', fromMs, toMs: Math.max(run.toMs, fromMs), doneMs: fromMs };
  let fineFromMs = run.toMs - FINE_MS;
  let acknowledged: SimState | null = null;
  let saving = Promise.resolve();
  let savedAtMs = 0;

  function setStatus(next: SimStatus): void {
    status = next;
    for (const listener of listeners) listener(status);
  }

  /** A full disk must not stop the village: the next start then only sends more of it again. */
  function save(): Promise<void> {
    savedAtMs = clock.now();
    saving = saving
      .then(() => (acknowledged ? writeState(statePath, acknowledged) : undefined))
      .catch((error: unknown) => log.error({ err: error, statePath }, 'simulator: cannot write its state'));
    return saving;
  }

  function acknowledge(): void {
    acknowledged = { seed, site, deliveredMs: town.nowMs, snapshot: town.snapshot() };
  }

  /** The village's reports up to a time, made an hour at a time so that nobody else waits long. */
  async function collect(untilMs: number): Promise<TownMessage[]> {
    const everyAtLeastS = untilMs <= fineFromMs ? COARSE_S : 0;
    const messages: TownMessage[] = [];
    while (town.nowMs < untilMs && !isStopping()) {
      for (const message of town.step(Math.min(untilMs, town.nowMs + HOUR_MS), everyAtLeastS)) messages.push(message);
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
    // Before the first report: another start would make another past, and contradict what has been sent of this one.
    acknowledge();
    await save();
  }

  async function backfill(): Promise<void> {
    log.info({ from: new Date(town.nowMs).toISOString() }, 'simulator: delivering the past');
    fineFromMs = clock.now() - FINE_MS;
    while (!isStopping() && town.nowMs < clock.now() - LIVE_WITHIN_MS) {
      await deliverUntil(chunkEnd(town.nowMs, clock.now(), fineFromMs));
      if (isStopping()) return;
      await save();
      setStatus({ ...status, toMs: Math.max(status.toMs, town.nowMs), doneMs: town.nowMs });
    }
  }

  async function live(): Promise<void> {
    log.info({ until: new Date(town.nowMs).toISOString() }, 'simulator: the past is delivered, live now');
    setStatus({ ...status, phase: 'live' });
    while (!isStopping() && town.nowMs >= clock.now() - LIVE_WITHIN_MS) {
      // Where the clock was set back, the village waits until time has caught up.
      await deliverUntil(Math.max(town.nowMs, clock.now()));
      if (isStopping()) return;
      if (clock.now() - savedAtMs >= SAVE_EVERY_MS) await save();
      await clock.sleep(LIVE_EVERY_MS, stopping.signal);
    }
  }

  async function work(): Promise<void> {
    await catchUp();
    while (!isStopping()) {
      await backfill();
      if (!isStopping()) await live();
      // Only a long pause of the whole machine ends the live phase.
      if (!isStopping()) setStatus({ phase: 'backfill', fromMs: town.nowMs, toMs: clock.now(), doneMs: town.nowMs });
    }
  }

  async function end(): Promise<void> {
    stopping.abort();
    const waited = new AbortController();
    await Promise.race([working, clock.sleep(STOP_WAIT_MS, waited.signal)]);
    waited.abort();
    await save();
  }

  let stopped: Promise<void> | null = null;
  const working = work().catch((error: unknown) => log.error({ err: error }, 'simulator: ended by a fault'));
  return {
    status: () => status,
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

function simulatedSite(plant: Plant): string {
  const sites = [...plant.sites.values()].filter((site) => site.simulated);
  const [site] = sites;
  if (site && sites.length === 1) return site.id;
  throw new SimulatedDeviceError(`expected one site with "simulated: true" in the plant, found ${sites.length}`);
}

/** The state to go on from. One that cannot be read, or is of another village, is put aside: the village begins anew. */
async function usableState({ statePath, seed }: SimOptions, site: string, log: Log): Promise<SimState | null> {
  const state = await readState(statePath);
  if (state === null) return null;
  const reason =
    'unusable' in state ? state.unusable : state.seed !== seed || state.site !== site ? 'another village' : '';
  if (!('unusable' in state) && reason === '') return state;
  const aside = `${statePath}.aside`;
  await rename(statePath, aside);
  log.warn({ statePath, aside, reason }, 'simulator: its state cannot be used, the village begins anew');
  return null;
}
