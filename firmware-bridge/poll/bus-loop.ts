/** One bus: what is due is done one after the other, the longest overdue first; nothing piles up behind a slow line. */
import type { BridgeBus } from '../../model/bridge-file.ts';
import type { DeviceId } from '../../model/ids.ts';
import type { Log } from '../../model/log.ts';
import { type BusState, type ModbusBus, noCounters, type UnitCounters } from '../bus/modbus-bus.ts';
import type { BridgeClock } from '../clock.ts';
import { createDevicePoller, type DevicePoller, type Values } from './device-poller.ts';
import { createIsolation } from './isolation.ts';
import type { Outcome } from './read-fields.ts';

interface UnitHealth extends Readonly<UnitCounters> {
  readonly unit: number;
  readonly devices: readonly DeviceId[];
  readonly isAnswering: boolean;
  /** When it was read last, by the bridge's clock. */
  readonly lastGoodMs: number | null;
  /** `device.metric` that it does not have. */
  readonly refused: readonly string[];
  /** Times that one of its counters was set back. */
  readonly resets: number;
}

export interface BusHealth extends BusState {
  readonly id: string;
  readonly units: readonly UnitHealth[];
}

export interface BusLoop {
  health(): BusHealth;
  stop(): Promise<void>;
}

export interface BusLoopParts {
  readonly modbus: ModbusBus;
  readonly clock: BridgeClock;
  readonly log: Log;
  /** Resolves when there is room for more. */
  record(device: DeviceId, values: Values): Promise<void>;
  /** Somebody's health is another than it was. */
  onChange(): void;
}

interface UnitState {
  readonly pollers: DevicePoller[];
  isAnswering: boolean;
  hasAnswered: boolean;
  lastGoodMs: number | null;
}

/** The next one to be done, and when on the scale of `upMs`. */
interface Task {
  readonly dueMs: number;
  run(): Promise<void>;
  /** It has failed by a fault of ours: the others come first. */
  pass(): void;
}

/** A healthy unit may have missed a request in the noise. */
const ATTEMPTS = 2;

export function startBusLoop(bus: BridgeBus, parts: BusLoopParts): BusLoop {
  const { modbus, clock, log, record, onChange } = parts;
  const units = new Map<number, UnitState>();
  const pollers = bus.units.map((unit) => createDevicePoller(unit, { bus: modbus, clock }));
  for (const poller of pollers) {
    const { unit } = poller.unit;
    const known = units.get(unit);
    if (known) known.pollers.push(poller);
    else units.set(unit, { pollers: [poller], isAnswering: false, hasAnswered: false, lastGoodMs: null });
  }
  const isolation = createIsolation();
  let isStopped = false;
  let wake = new AbortController();

  modbus.onChange(() => {
    isolation.clear();
    if (modbus.state().isOpen) for (const poller of pollers) poller.hurry();
    wake.abort();
    onChange();
  });

  async function pollOne(poller: DevicePoller): Promise<void> {
    const { unit, device } = poller.unit;
    const values = isolation.isOut(unit) ? poller.skip() : await ask(poller);
    if (values) await record(device, values);
  }

  async function ask(poller: DevicePoller): Promise<Values | null> {
    const { unit, device } = poller.unit;
    const attempts = units.get(unit)?.hasAnswered && isolation.fails(unit) === 0 ? ATTEMPTS : 1;
    const refusedBefore = poller.refused().length;
    const { outcome, values } = await poller.poll(attempts);
    judge(poller, outcome);
    const refused = poller.refused();
    if (refused.length > refusedBefore) {
      log.warn({ bus: bus.id, unit, device, metrics: refused }, 'the unit does not have these registers');
    }
    // Interrupted by our own end: that says nothing of the unit.
    return isStopped && outcome !== 'answered' ? null : values;
  }

  async function knockAt(unit: number): Promise<void> {
    const [poller] = units.get(unit)?.pollers ?? [];
    if (!poller) return;
    judge(poller, await poller.knock());
  }

  function judge({ unit: { unit, timeoutMs } }: DevicePoller, outcome: Outcome): void {
    if (outcome === 'answered') answered(unit);
    if (outcome === 'silent') silent(unit, timeoutMs);
  }

  function answered(unit: number): void {
    const state = units.get(unit) as UnitState;
    const wasOut = isolation.answered(unit);
    state.lastGoodMs = clock.now();
    state.hasAnswered = true;
    if (state.isAnswering) return;
    state.isAnswering = true;
    log.info({ bus: bus.id, unit, devices: devicesOf(state) }, 'the unit answers');
    if (wasOut) {
      for (const poller of state.pollers) {
        // It may have been replaced meanwhile.
        poller.forgetRefused();
        poller.hurry();
      }
    }
    onChange();
  }

  function silent(unit: number, timeoutMs: number): void {
    const state = units.get(unit) as UnitState;
    if (!isolation.silent(unit, clock.upMs(), timeoutMs)) return;
    state.isAnswering = false;
    const counters = modbus.counters(unit);
    log.warn(
      { bus: bus.id, unit, devices: devicesOf(state), ...counters },
      'the unit does not answer; asked seldom now',
    );
    onChange();
  }

  function nextTask(): Task | null {
    let next: Task | null = null;
    for (const poller of pollers) {
      const dueMs = poller.dueMs();
      if (!next || dueMs < next.dueMs) next = { dueMs, run: () => pollOne(poller), pass: poller.skip };
    }
    const knock = modbus.state().isOpen ? isolation.next() : null;
    if (knock && knock.dueMs < (next?.dueMs ?? Number.POSITIVE_INFINITY)) {
      const { unit, dueMs } = knock;
      next = { dueMs, run: () => knockAt(unit), pass: () => isolation.silent(unit, clock.upMs(), 0) };
    }
    return next;
  }

  async function run(): Promise<void> {
    // A line that is just being opened is no failed read.
    if (!modbus.state().isOpen) await sleep(OPENING_MS);
    while (!isStopped) {
      const next = nextTask();
      const waitMs = next ? next.dueMs - clock.upMs() : Number.POSITIVE_INFINITY;
      if (next && waitMs <= 0) await next.run().catch((error: Error) => onFault(error, next));
      else await sleep(Math.min(waitMs, LONGEST_SLEEP_MS));
    }
  }

  async function sleep(ms: number): Promise<void> {
    wake = new AbortController();
    if (!isStopped) await clock.sleep(ms, wake.signal);
  }

  /** A mistake of ours with one device must not end the polling of the others. */
  function onFault(error: Error, task: Task): void {
    log.error({ bus: bus.id, error: error.stack ?? error.message }, 'a poll has failed by a fault of the bridge');
    task.pass();
  }

  const running = run();
  return {
    health: () => ({
      id: bus.id,
      ...modbus.state(),
      units: [...units].map(([unit, state]) => toHealth(unit, state, modbus.counters(unit))),
    }),
    async stop() {
      isStopped = true;
      wake.abort();
      await modbus.stop();
      await running;
    },
  };
}

const OPENING_MS = 5_000;
const LONGEST_SLEEP_MS = 60_000;

function devicesOf({ pollers }: UnitState): DeviceId[] {
  return pollers.map(({ unit }) => unit.device);
}

function toHealth(unit: number, state: UnitState, counters: Readonly<UnitCounters>): UnitHealth {
  const { pollers, isAnswering, lastGoodMs } = state;
  return {
    unit,
    devices: devicesOf(state),
    isAnswering,
    lastGoodMs,
    ...noCounters(),
    ...counters,
    refused: pollers.flatMap((poller) => poller.refused().map((metric) => `${poller.unit.device}.${metric}`)),
    resets: pollers.reduce((sum, poller) => sum + poller.resets(), 0),
  };
}
