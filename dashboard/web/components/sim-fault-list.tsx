import { useComputed } from '@preact/signals';
import type { SimFault } from '../../../model/sim-fault.ts';
import type { SimDetailWire } from '../../wire.ts';
import { language, metricName } from '../i18n/language.ts';
import { kindName, simText } from '../i18n/sim-words.ts';
import { now } from '../live/clock.ts';
import { sim } from '../live/feed.ts';
import { endFault } from '../live/sim-calls.ts';
import { moment } from '../view/format.ts';
import { openFaults, villageNow } from '../view/sim-form.ts';
import { sizeWords, targetLabel } from './sim-fault-words.ts';
import type { SimPartProps } from './sim-part.ts';

interface FaultListProps extends SimPartProps {
  readonly detail: SimDetailWire | null;
}

/** Those that act and those to come, each with the way to end it. */
export function FaultList({ state, detail, run }: FaultListProps) {
  const villageMs = useComputed(() => villageNow(sim.value ?? state, now.value)).value;
  const open = openFaults(state, villageMs);
  return (
    <div class="sim-faults">
      <h3>{simText('acting')}</h3>
      {open.length === 0 ? (
        <p class="label">{simText('none')}</p>
      ) : (
        <ul>
          {open.map((fault) => (
            <li key={fault.id} class="sim-fault">
              <span>
                <strong>{kindName(fault.kind)}</strong>
                <span class="sim-fault-facts">{factsOf(fault, { detail, villageMs, timeZone: state.timeZone })}</span>
              </span>
              <button type="button" class="button" onClick={() => run(endFault(fault.id))}>
                {simText('end')}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface When {
  readonly detail: SimDetailWire | null;
  readonly villageMs: number;
  readonly timeZone: string;
}

/** `Upper zone · 12 m³/h · from 14:05 until 20:05` */
function factsOf(
  { kind, target, metric, sizes, fromMs, toMs }: SimFault,
  { detail, villageMs, timeZone }: When,
): string {
  const at = (ms: number): string => moment(ms, villageMs, timeZone, language.value);
  const definition = detail?.kinds.find((each) => each.kind === kind);
  const name = detail && definition ? targetLabel(detail, definition, target) : target;
  const times = `${simText('from')} ${at(fromMs)}${toMs === null ? '' : `, ${simText('until')} ${at(toMs)}`}`;
  const where = metric === null ? [name] : [name, metricName(metric)];
  const how = (definition?.sizes ?? []).flatMap((size) => {
    const value = sizes[size.name];
    // A size that is nothing, such as the time to grow of a sudden leak.
    return value === undefined || (value === 0 && size.fallback === 0) ? [] : [sizeWords(size, value, metric)];
  });
  return [...where, ...how, times].join(' · ');
}
