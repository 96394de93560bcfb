/** The simulator's panel: time, the faults that act, and a new one. Loaded when it is first opened. */
import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { SimDetailWire, SimWire } from '../../wire.ts';
import { language, t, unitName } from '../i18n/language.ts';
import { simText, simUnit } from '../i18n/sim-words.ts';
import { RefusedError } from '../live/call.ts';
import { now } from '../live/clock.ts';
import { sim } from '../live/feed.ts';
import { fetchSimDetail, setPace } from '../live/sim-calls.ts';
import { dayAndMonth } from '../view/format.ts';
import { villageNow } from '../view/sim-form.ts';
import { SelectField } from './select-field.tsx';
import { FaultForm } from './sim-fault-form.tsx';
import { FaultList } from './sim-fault-list.tsx';
import type { SimPartProps } from './sim-part.ts';

const SPEEDS = [1, 10, 60, 600] as const;
const STEPS_S = [60, 600, 3600] as const;
/** Less is the clock's own jitter. */
const BEHIND_MS = 5_000;

export function SimPanel() {
  const state = sim.value;
  const detail = useSignal<SimDetailWire | null>(null);
  const failure = useSignal<string | null>(null);
  useEffect(() => {
    fetchSimDetail().then(
      (loaded) => {
        detail.value = loaded;
      },
      () => {
        failure.value = simText('nothing');
      },
    );
  }, []);
  if (!state) return null;

  /** Whatever is asked of the server: what it refuses is said, and gone with the next thing that it does. */
  const run = (asked: Promise<unknown>): void => {
    asked.then(
      () => {
        failure.value = null;
      },
      (error: Error) => {
        failure.value = error instanceof RefusedError ? `${simText('refused')}: ${error.message}` : simText('failed');
      },
    );
  };
  return (
    <section class="sim-panel" aria-label={t('simulator')}>
      <div class="sim-part">
        <SimTime state={state} run={run} />
        <FaultList state={state} detail={detail.value} run={run} />
      </div>
      <div class="sim-part">
        {detail.value && <FaultForm detail={detail.value} run={run} />}
        {failure.value !== null && (
          <p class="sim-refused" role="alert">
            {failure.value}
          </p>
        )}
      </div>
    </section>
  );
}

function SimTime({ state, run }: SimPartProps) {
  const villageMs = useComputed(() => villageNow(sim.value ?? state, now.value)).value;
  const behindMs = Math.max(0, now.value - villageMs);
  const isBehind = state.isPaused || state.phase === 'backfill';
  if (state.phase === 'failed') return <SimStopped state={state} />;
  const word = state.isPaused ? 'paused' : state.phase === 'backfill' ? 'catchingUp' : 'withClock';
  return (
    <div class="sim-time">
      <p>
        <span class="label">{simText('villageTime')}</span>{' '}
        <strong class="sim-clock">{clockText(villageMs, state.timeZone)}</strong> · {simText(word)}
        {behindMs > BEHIND_MS && `, ${simText('behind')} ${spanText(behindMs)}`}
      </p>
      <div class="sim-buttons">
        <button type="button" class="button" onClick={() => run(setPace({ isPaused: !state.isPaused }))}>
          {simText(state.isPaused ? 'goOn' : 'pause')}
        </button>
        {state.isPaused &&
          STEPS_S.map((stepS) => (
            <button
              key={stepS}
              type="button"
              class="button"
              disabled={behindMs < 1000}
              onClick={() => run(setPace({ stepS }))}
            >
              +{stepS < 3600 ? `${stepS / 60} ${simUnit('min')}` : `${stepS / 3600} ${unitName('h')}`}
            </button>
          ))}
        {isBehind && <Speed speed={state.speed} run={run} />}
      </div>
      {isBehind && <p class="sim-note">{simText('paceNote')}</p>}
    </div>
  );
}

/** Nothing leads it on any more. */
function SimStopped({ state: { villageMs, timeZone, failure } }: Pick<SimPartProps, 'state'>) {
  return (
    <div class="sim-time" role="alert">
      <p>
        <span class="label">{simText('villageTime')}</span>{' '}
        <strong class="sim-clock">{clockText(villageMs, timeZone)}</strong> · {simText('stopped')}
      </p>
      <p class="sim-refused">{failure}</p>
    </div>
  );
}

function Speed({ speed, run }: { speed: SimWire['speed']; run: SimPartProps['run'] }) {
  const known: readonly (number | 'max')[] = [...SPEEDS, 'max'];
  const speeds = known.includes(speed) ? known : [speed, ...known];
  const choose = (value: string): void => run(setPace({ speed: value === 'max' ? 'max' : Number(value) }));
  return (
    <SelectField label={simText('speed')} value={String(speed)} onChange={choose}>
      {speeds.map((each) => (
        <option key={each} value={String(each)}>
          {each === 'max' ? simText('fastest') : `× ${each}`}
        </option>
      ))}
    </SelectField>
  );
}

/** `23 Nov, 14:05:12`, site-local. */
function clockText(ms: number, timeZone: string): string {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium' }).format(ms);
  return `${dayAndMonth(ms, timeZone, language.value)}, ${time}`;
}

function spanText(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 1) return `${Math.floor(ms / 1000)} ${simUnit('s')}`;
  if (minutes < 120) return `${Math.floor(minutes)} ${simUnit('min')}`;
  return minutes < 48 * 60
    ? `${Math.floor(minutes / 60)} ${unitName('h')}`
    : `${Math.floor(minutes / 1440)} ${simUnit('d')}`;
}
