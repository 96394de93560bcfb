/** Muting an alarm: for how long, and why. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { AlarmWire } from '../../wire.ts';
import { t } from '../i18n/language.ts';
import { sendAct } from '../live/acts.ts';
import { alarmAct } from '../live/alarm-acts.ts';
import { now } from '../live/clock.ts';
import { may } from '../live/session.ts';
import { endOf } from '../view/end-of.ts';
import { deadline } from '../view/format.ts';
import { ActButton, ActFault } from './act-button.tsx';
import { titleOf } from './alarm-words.ts';
import { SelectField } from './select-field.tsx';

const WAYS = [
  { kind: 'shelve', needs: 'shelve', word: 'shelve' },
  { kind: 'out-of-service', needs: 'take-out-of-service', word: 'takeOut' },
] as const;
type Way = (typeof WAYS)[number];

const SHELF_HOURS = [1, 8, 24, 168] as const;
const ONE_SHOT = 'one-shot';

interface SetAsideActsProps {
  readonly alarm: AlarmWire;
  /** Other things to do, in the same line. */
  readonly children: ComponentChildren;
}

export function SetAsideActs({ alarm, children }: SetAsideActsProps) {
  const chosen = useSignal<Way | null>(null);
  const opener = useRef<HTMLButtonElement | null>(null);
  const toggle = (way: Way, button: HTMLButtonElement): void => {
    opener.current = button;
    chosen.value = chosen.value === way ? null : way;
  };
  const cancel = (): void => {
    chosen.value = null;
    opener.current?.focus();
  };
  const ways = WAYS.filter(({ needs }) => may(needs));
  return (
    <>
      <div class="acts">
        {children}
        {ways.map((way) => (
          <button
            key={way.kind}
            type="button"
            class="button"
            aria-expanded={chosen.value === way}
            onClick={(event) => toggle(way, event.currentTarget)}
          >
            {t(way.word)}…
          </button>
        ))}
      </div>
      {chosen.value && <SetAsideForm key={chosen.value.kind} alarm={alarm} way={chosen.value} onCancel={cancel} />}
    </>
  );
}

interface SetAsideFormProps {
  readonly alarm: AlarmWire;
  readonly way: Way;
  readonly onCancel: () => void;
}

function SetAsideForm({ alarm, way: { kind, word }, onCancel }: SetAsideFormProps) {
  const reason = useSignal('');
  const span = useSignal<string>(String(SHELF_HOURS[0]));
  const { key } = alarmAct(alarm.id, kind);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const until = kind === 'shelve' ? shelfEnd(span.value) : {};
    if (await sendAct(alarmAct(alarm.id, kind, { reason: reason.value.trim(), ...until }))) focusSetAside();
  };
  return (
    <form class="act-form" onSubmit={submit}>
      <label class="field">
        <span class="label">{t('reason')}</span>
        <input
          required
          maxLength={500}
          pattern=".*\S.*"
          value={reason.value}
          ref={focus}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
      </label>
      {kind === 'shelve' && (
        <ShelfField
          value={span.value}
          onChange={(next) => {
            span.value = next;
          }}
        />
      )}
      <div class="acts">
        <ActButton of={key} word={t(word)} about={titleOf(alarm)} />
        <button type="button" class="button" onClick={onCancel}>
          {t('cancel')}
        </button>
      </div>
      <ActFault of={key} />
    </form>
  );
}

function ShelfField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <SelectField label={t('howLong')} value={value} onChange={onChange}>
      {SHELF_HOURS.map((hours) => {
        const { key, n } = deadline(hours * 60);
        return (
          <option key={hours} value={String(hours)}>
            {t(key, { n })}
          </option>
        );
      })}
      <option value={ONE_SHOT}>{t('untilOver')}</option>
    </SelectField>
  );
}

function shelfEnd(span: string): object {
  return span === ONE_SHOT ? { oneShot: true } : { until: endOf(now.peek(), Number(span)) };
}

function focus(input: HTMLInputElement | null): void {
  input?.focus();
}

/** The alarm has gone there with the focus that was in it. */
function focusSetAside(): void {
  requestAnimationFrame(() => document.getElementById('set-aside')?.focus());
}
