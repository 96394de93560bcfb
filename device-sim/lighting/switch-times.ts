/** When something of a supply may be switched: by its schedules, its lamps' relays and wear, by faults and power. */
import type { CircuitSchedule } from '../../model/circuit-schedule.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { FAULT_KINDS } from '../../model/sim-fault-catalogue.ts';
import type { Faults } from '../faults.ts';
import type { Power } from '../power.ts';
import { cycleTimes } from './lamps.ts';
import type { Line } from './line.ts';

const DAY_MS = 86_400_000;
const LIGHT_KINDS = new Set([...FAULT_KINDS.values()].filter((k) => k.domain === 'light').map((k) => k.kind));

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SwitchTimesOptions {
  readonly cabinet: string | undefined;
  readonly lines: readonly Line[];
  readonly schedule: CircuitSchedule;
  readonly faults: Faults;
  readonly power: Power;
}

/** Rising, in `[fromMs, toMs)`. Some may change nothing. */
export function switchTimes({ cabinet, lines, schedule, faults, power }: SwitchTimesOptions, span: Span): number[] {
  const { fromMs, toMs } = span;
  const aheadMs = clocksAhead(faults, cabinet);
  const ofLines = lines.flatMap((line) => [
    ...scheduleTimes(line, { schedule, aheadMs }, span),
    ...cyclingTimes(line, faults, span),
  ]);
  const all = [...ofLines, ...faults.changesIn(LIGHT_KINDS, fromMs, toMs), ...power.switchedIn(fromMs, toMs)];
  return [...new Set(all)].filter((at) => at >= fromMs && at < toMs).sort((a, b) => a - b);
}

/** The neighbouring days too: a wrong clock or a relay's spread may bring their steps into these. */
function scheduleTimes(
  { circuit, lamps }: Line,
  { schedule, aheadMs }: { schedule: CircuitSchedule; aheadMs: ReadonlySet<number> },
  { fromMs, toMs }: Span,
): number[] {
  const days = [];
  for (let day = fromMs - DAY_MS; day < toMs + DAY_MS; day += DAY_MS) days.push(day);
  const steps = days.flatMap((day) => schedule.steps(circuit, day));
  if (circuit.control === 'cabinet') return steps.flatMap(({ atMs }) => [...aheadMs].map((ms) => atMs - ms));
  const asides = lamps.map(({ relayLateMs }) => relayLateMs);
  return steps.flatMap(({ atMs, percent }) => [atMs, ...asides.map((ms) => (percent > 0 ? atMs + ms : atMs - ms))]);
}

/** By how much the cabinet's clock ever is ahead; 0 is always one of them. */
function clocksAhead(faults: Faults, cabinet: string | undefined): ReadonlySet<number> {
  const wrong = faults.all().filter(({ kind, target }) => kind === 'light-clock-wrong' && target === cabinet);
  return new Set([0, ...wrong.map(({ sizes }) => (sizes.byMin ?? 0) * 60_000)]);
}

function cyclingTimes({ circuit, lamps, turn }: Line, faults: Faults, { fromMs, toMs }: Span): number[] {
  const isActing = (fault: SimFault) => fault.fromMs < toMs && (fault.toMs === null || fault.toMs > fromMs);
  const count = faults
    .all()
    .filter((fault) => fault.kind === 'lamp-cycling' && fault.target === circuit.id && isActing(fault))
    .reduce((sum, { sizes }) => sum + (sizes.count ?? 0), 0);
  return lamps.flatMap((lamp, i) => ((turn[i] ?? 0) < count ? cycleTimes(lamp, fromMs, toMs) : []));
}
