import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useValueState } from '../hooks.ts';
import { metricName, nameOf, quantityText, t, tCount } from '../i18n/language.ts';
import { now } from '../live/clock.ts';
import { liveOf } from '../live/feed.ts';
import { siteOf } from '../live/plant-store.ts';
import { seriesAddress } from '../route.ts';
import { clockTime } from '../view/format.ts';
import { isLit, litPeriod } from '../view/lit.ts';
import { type CabinetView, type CircuitView, keyOf, type SeriesRef } from '../view/plant-view.ts';
import { StateSign } from './icons.tsx';
import { AgeNote, Figure } from './value.tsx';

export function LightSection({ cabinets }: { cabinets: readonly CabinetView[] }) {
  if (cabinets.length === 0) return null;
  const circuits = cabinets.flatMap((cabinet) => cabinet.circuits);
  return (
    <section class="section light" aria-labelledby="light">
      <header class="section-head">
        <h2 id="light">{t('light')}</h2>
        <p>
          <LitTime circuits={circuits} />
          <OnCount circuits={circuits} />
        </p>
      </header>
      <div class="cabinets">
        {cabinets.map((cabinet) => (
          <CabinetCard key={cabinet.id ?? ''} cabinet={cabinet} />
        ))}
      </div>
    </section>
  );
}

function LitTime({ circuits }: { circuits: readonly CircuitView[] }) {
  const isNow = useComputed(() => litPeriod(circuits, now.value)?.isNow ?? false).value;
  const period = litPeriod(circuits, now.peek());
  if (!period) return null;
  const timeZone = siteOf(circuits[0]?.circuit.site)?.timeZone ?? 'UTC';
  const times = { from: clockTime(period.onAt, timeZone), to: clockTime(period.offAt, timeZone) };
  return <span class="lit-time">{t(isNow ? 'litNow' : 'litNext', times)}</span>;
}

function OnCount({ circuits }: { circuits: readonly CircuitView[] }) {
  const on = circuits.filter((circuit) => circuitOn(circuit) === true).length;
  return <span>{t('circuitsOn', { on, all: circuits.length })}</span>;
}

function CabinetCard({ cabinet }: { cabinet: CabinetView }) {
  const lamps = cabinet.circuits.reduce((sum, circuit) => sum + circuit.lamps, 0);
  return (
    <article class="card cabinet">
      <header class="card-head">
        <h3 class="card-title">
          {cabinet.id === null ? t('photoRelays') : nameOf(cabinet.asset?.name, cabinet.id)}
          {lamps > 0 && <small>{tCount('lamps', lamps)}</small>}
        </h3>
        <Facts values={cabinet.states}>
          <Voltages of={cabinet.voltages} />
        </Facts>
      </header>
      {cabinet.circuits.map((circuit) => (
        <CircuitRow key={circuit.circuit.id} circuit={circuit} />
      ))}
    </article>
  );
}

/** Small values in a line, each with its name before it. */
export function Facts({ values, children }: { values: readonly SeriesRef[]; children?: ComponentChildren }) {
  return (
    <div class="facts">
      {values.map((ref) => (
        <Fact key={keyOf(ref)} of={ref} label={metricName(ref.metric)} />
      ))}
      {children}
    </div>
  );
}

/** The phases side by side, so that the odd one stands out; the others are found behind the first. */
function Voltages({ of }: { of: readonly SeriesRef[] }) {
  const [first] = of;
  if (!first) return null;
  return (
    <a class="fact voltages" href={seriesAddress(first)}>
      <span class="fact-label">L1–L{of.length}</span>
      <span class="phases">
        {of.map((ref) => (
          <Figure key={ref.metric} of={ref} />
        ))}
      </span>
      <AgeNote of={first} isShort />
    </a>
  );
}

function Fact({ of, label }: { of: SeriesRef; label: string }) {
  return (
    <a class="fact" href={seriesAddress(of)}>
      <span class="fact-label">{label}</span> <Figure of={of} />
      <AgeNote of={of} isShort />
    </a>
  );
}

function CircuitRow({ circuit }: { circuit: CircuitView }) {
  const on = circuitOn(circuit);
  const leading = circuit.contactor ?? circuit.power;
  const content = (
    <>
      <StateSign value={on} />
      <span class="circuit-main">
        <span class="circuit-name">{nameOf(circuit.circuit.name, circuit.circuit.id)}</span>
        <span class="circuit-state">
          <CircuitState circuit={circuit} on={on} />
          {leading && <AgeNote of={leading} isShort />}
          <small>{tCount('lamps', circuit.lamps)}</small>
        </span>
      </span>
      <span class="circuit-power">
        {circuit.power && <Figure of={circuit.power} />}
        <small>{t('installed', { power: quantityText(circuit.installedW, 'W') })}</small>
        {circuit.power && <PowerBar of={circuit.power} installedW={circuit.installedW} />}
      </span>
    </>
  );
  const target = circuit.power ?? circuit.contactor;
  if (!target) return <div class="circuit">{content}</div>;
  return (
    <a class="circuit" href={seriesAddress(target)}>
      {content}
    </a>
  );
}

function CircuitState({ circuit, on }: { circuit: CircuitView; on: boolean | null }) {
  const breaker = circuit.breaker ? liveOf(circuit.breaker).value?.value : undefined;
  if (breaker === false) return <strong>{t('breakerTripped')}</strong>;
  if (circuit.contactor) return <Figure of={circuit.contactor} />;
  return (
    <span class={on === null ? 'figure figure-unknown' : 'figure'}>
      {t(on === null ? 'unknown' : on ? 'on' : 'off')}
    </span>
  );
}

function PowerBar({ of, installedW }: { of: SeriesRef; installedW: number }) {
  const state = useValueState(of);
  const value = liveOf(of).value?.value;
  const part = typeof value === 'number' && installedW > 0 ? Math.min(Math.max(value / installedW, 0), 1) : 0;
  return (
    <span class={`power-bar power-${state}`} aria-hidden="true">
      <span style={{ width: `${(part * 100).toFixed(1)}%` }} />
    </span>
  );
}

/** By its contactor, else by its power; null where neither is known. */
function circuitOn(circuit: CircuitView): boolean | null {
  const contactor = circuit.contactor ? liveOf(circuit.contactor).value?.value : null;
  if (typeof contactor === 'boolean') return contactor;
  const power = circuit.power ? liveOf(circuit.power).value?.value : null;
  return typeof power === 'number' ? isLit(power, circuit.installedW) : null;
}
