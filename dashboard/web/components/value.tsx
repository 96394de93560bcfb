/** A value with all that belongs to it: unit, age, and why there is none. */
import type { ComponentChildren } from 'preact';
import { useAgeText, useValueState } from '../hooks.ts';
import { language, metricName, t, unitName } from '../i18n/language.ts';
import { now } from '../live/clock.ts';
import { isBackfilling, liveOf } from '../live/feed.ts';
import { unitOf, zoneTimeOf } from '../live/plant-store.ts';
import { seriesAddress } from '../route.ts';
import type { ValueState } from '../view/age.ts';
import { moment, quantity } from '../view/format.ts';
import type { SeriesRef } from '../view/plant-view.ts';
import { yesNoWord } from '../view/words.ts';
import { ClockSign } from './icons.tsx';

/** The number or word alone; stale ones are hatched, missing ones say so. */
export function Figure({ of, isBig = false }: { of: SeriesRef; isBig?: boolean }) {
  const state = useValueState(of);
  const live = liveOf(of).value;
  const size = isBig ? 'figure figure-big' : 'figure';
  if (!live) return <span class={`${size} figure-unknown`}>{t('unknown')}</span>;
  if (state === 'bad' || live.value === null) return <span class={`${size} figure-none`}>–</span>;
  if (typeof live.value === 'boolean') {
    return <span class={`${size} figure-word figure-${state}`}>{t(yesNoWord(live.metric, live.value))}</span>;
  }
  return (
    <span class={`${size} figure-${state}`}>
      <Amount value={live.value} unit={live.unit || unitOf(of.metric)} />
    </span>
  );
}

export function Amount({ value, unit }: { value: number; unit: string }) {
  const shown = quantity(value, unit, language.value);
  return (
    <>
      {shown.text}
      {shown.unit !== '' && <small class="unit">{unitName(shown.unit)}</small>}
    </>
  );
}

/** Nothing while fresh; else the age, the last time or the reason. Short: the clock sign says "last seen". */
export function AgeNote({ of, isShort = false }: { of: SeriesRef; isShort?: boolean }) {
  const state = useValueState(of);
  const age = useAgeText(of);
  const live = liveOf(of).value;
  if (!live) return null;
  if (state === 'late') return <Note state={state}>{age}</Note>;
  if (state === 'bad') return <Note state={state}>{t('bad')}</Note>;
  if (state === 'stale') {
    // The banner says it for all of them.
    if (isBackfilling.value) return null;
    const time = moment(live.ts, now.peek(), zoneTimeOf(of.device), language.value);
    return (
      <Note state={state}>
        <ClockSign label={t('stale')} />
        {isShort ? time : t('lastSeen', { time })}
      </Note>
    );
  }
  return live.quality === 'uncertain' ? <Note state="late">{t('uncertain')}</Note> : null;
}

function Note({ state, children }: { state: ValueState; children: ComponentChildren }) {
  return <span class={`note note-${state}`}>{children}</span>;
}

/** One line: what it is on the left, the value on the right; the whole line leads to the trend. */
export function ValueRow({ of, label, children }: { of: SeriesRef; label?: string; children?: ComponentChildren }) {
  return (
    <a class="row" href={seriesAddress(of)}>
      <span class="row-label">{label ?? metricName(of.metric)}</span>
      {children}
      <span class="row-value">
        <Figure of={of} />
        <AgeNote of={of} />
      </span>
    </a>
  );
}
