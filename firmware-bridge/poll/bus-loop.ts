/** One bus: what is due is done one after the other, the longest overdue first; nothing piles up behind a slow line. */
import type { BridgeBus } from '../../model/bridge-file.ts';
import type { DeviceId } from '../../model/ids.ts';
import { createLimitedLog } from '../../model/limited-log.ts';
import type { Log } from '../../model/log.ts';
import type { BusState, ModbusBus } from '../bus/modbus-bus.ts';
import type { BridgeClock } from '../clock.ts';
import { createDevicePoller, type DevicePoller, type Values } from './device-poller.ts';
import { createIsolation, type Knock } from './isolation.ts';
import type { Outcome } from './read-fields.ts';
import { devicesOf, toHealth, type UnitHealth, type UnitState } from './unit-health.ts';

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

/** The next one to be done, and when on the scale of `upMs`. */
interface Task {
  readonly dueMs: number;
  run(): Promise<void>;
  /** It has failed by a fault of ours: the others come first. */
  pass(): Promise<void>;
}

const REFUSED = 'the unit does not have these registers';
const ANSWERS = 'the unit answers';
const SILENT = 'the unit does not answer; asked seldom now';
/** Three of each of the 247 units that a bus may have, and a few. */
const KINDS = 800;

/** A healthy unit may have missed a request in the noise. */
const ATTEMPTS = 2;

export function startBusLoop(bus: BridgeBus, parts: BusLoopParts): BusLoop {
  const { modbus, clock, record, onChange } = parts;
  // A unit at the edge of its line comes and goes all day.
  const log = createLimitedLog(parts.log, () => clock.upMs(), { kinds: KINDS });
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
  modbus.onLate((unit) => {
    isolation.late(unit);
    wake.abort();
  });

  async function pollOne(poller: DevicePoller): Promise<void> {
    if (isolation.isOut(poller.unit.unit)) await tell(poller, poller.skip());
    else await tell(poller, await ask(poller));
  }

  async function tell({ unit: { device } }: DevicePoller, values: Values | null): Promise<void> {
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
      log.warn({ bus: bus.id, unit, device, metrics: refused }, REFUSED, `${REFUSED} ${device}`);
    }
    // Interrupted by our own end: that says nothing of the unit.
    return isStopped && outcome === 'closed' ? null : values;
  }

  async function knockAt({ unit, timeoutMs }: Knock): Promise<void> {
    const { pollers } = units.get(unit) as UnitState;
    const asked = pollers.find((poller) => poller.unit.fields.length > 0) as DevicePoller;
    judge(asked, await asked.knock(timeoutMs));
    // It has waited for long enough.
    if (!isolation.isOut(unit)) for (const poller of pollers) await pollOne(poller);
  }

  function judge({ unit: { unit, timeoutMs } }: DevicePoller, outcome: Outcome): void {
    if (outcome === 'answered') (units.get(unit) as UnitState).lastGoodMs = clock.now();
    if (outcome === 'answered' || outcome === 'refused') answered(unit);
    if (outcome === 'silent') silent(unit, timeoutMs);
  }

  function answered(unit: number): void {
    const state = units.get(unit) as UnitState;
    const wasOut = isolation.answered(unit);
    state.hasAnswered = true;
    if (state.isAnswering) return;
    state.isAnswering = true;
    log.info({ bus: bus.id, unit, devices: devicesOf(state) }, ANSWERS, `${ANSWERS} ${unit}`);
    if (wasOut) {
      for (const poller of state.pollers) {
        poller.forget();
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
    log.warn({ bus: bus.id, unit, devices: devicesOf(state), ...counters }, SILENT, `${SILENT} ${unit}`);
    onChange();
  }

  function nextTask(): Task | null {
    let next: Task | null = null;
    for (const poller of pollers) {
      const dueMs = poller.dueMs();
      if (!next || dueMs < next.dueMs) {
        next = { dueMs, run: () => pollOne(poller), pass: () => tell(poller, poller.skip()) };
      }
    }
    const knock = modbus.state().isOpen ? isolation.next() : null;
    // Not behind what is overdue: on a line that is never idle it would come too late.
    return knock && knock.dueMs <= Math.max(next?.dueMs ?? knock.dueMs, clock.upMs()) ? toTask(knock) : next;
  }

  function toTask(knock: Knock): Task {
    const { unit, dueMs, timeoutMs } = knock;
    const pass = async (): Promise<void> => void isolation.silent(unit, clock.upMs(), timeoutMs);
    return { dueMs, run: () => knockAt(knock), pass };
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
  async function onFault(error: Error, task: Task): Promise<void> {
    log.error({ bus: bus.id, error: error.stack ?? error.message }, 'a poll has failed by a fault of the bridge');
    await task.pass().catch(() => undefined);
  }

  const running = run();
  return {
    health: () => ({
      id: bus.id,
      ...modbus.state(),
      units: [...units].map(([unit, state]) => toHealth(unit, { ...state, counters: modbus.counters(unit) })),
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
