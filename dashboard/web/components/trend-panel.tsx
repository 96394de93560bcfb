/** One series over a range: readout, chart, and what to say while there is nothing to draw. */
import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { type ChartMark, TrendChart } from '../charts/chart.ts';
import { type ChartPoint, extent, gapMs, valueRange, withGaps } from '../charts/series-points.ts';
import { RANGE_MS, type Range, retryFailed, type Trend } from '../charts/trends.ts';
import { useTrend, useWidth } from '../hooks.ts';
import { language, metricName, quantityText, t } from '../i18n/language.ts';
import { now } from '../live/clock.ts';
import { assetOf, deviceOf, isYesNo, limitsOf, unitOf, zoneTimeOf } from '../live/plant-store.ts';
import { seriesAddress } from '../route.ts';
import { theme } from '../theme.ts';
import { moment, quantity } from '../view/format.ts';
import type { SeriesRef } from '../view/plant-view.ts';
import { yesNoWord } from '../view/words.ts';

/** A change smaller than this fills no chart: noise must not look like an event. */
const LEAST_SPAN: Readonly<Record<string, number>> = { m: 0.2, 'm3/h': 2, bar: 0.5, 'mg/L': 0.2, V: 10, W: 100 };
/** Widths are asked for in steps, so that turning a phone or moving a window does not load anew for each pixel. */
const WIDTH_STEP = 80;

interface Props {
  readonly of: SeriesRef;
  /** Stands before the readout, and leads to the series' own page. */
  readonly name?: string;
  readonly range: Range;
  readonly height: number;
}

export function TrendPanel(props: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  return (
    <div class="trend" ref={box} style={{ minHeight: `${props.height + 28}px` }}>
      {width > 0 && <Loaded {...props} width={width} />}
    </div>
  );
}

function Loaded({ of, name, range, height, width }: Props & { width: number }) {
  const points = Math.ceil(width / WIDTH_STEP) * (WIDTH_STEP / 2);
  const trend = useTrend({ ref: of, range, points, detail: 'minmax' }).value;
  const under = useSignal<ChartPoint | null>(null);
  return (
    <>
      <div class="trend-head">
        {name && (
          <h3>
            <a href={seriesAddress(of)}>{name}</a>
          </h3>
        )}
        <Readout of={of} under={under} trend={trend} isNamed={name !== undefined} />
      </div>
      {trend.status === 'error' ? (
        <p class="trend-message">
          {t('historyError')}{' '}
          <button type="button" onClick={retryFailed}>
            {t('retry')}
          </button>
        </p>
      ) : trend.status === 'loading' ? (
        <div class="skeleton" style={{ height: `${height}px` }} />
      ) : trend.points.length === 0 ? (
        <p class="trend-message">{t('noHistory')}</p>
      ) : (
        <Drawing
          of={of}
          range={range}
          height={height}
          width={width}
          trend={trend}
          onCursor={(point) => {
            under.value = point;
          }}
        />
      )}
    </>
  );
}

type DrawingProps = Props & { width: number; trend: Trend; onCursor: (point: ChartPoint | null) => void };

function Drawing({ of, range, height, width, trend, onCursor }: DrawingProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<TrendChart | null>(null);
  const library = useChartLibrary();
  const marks = marksOf(of);
  const words = isYesNo(of.metric) ? { yes: t(yesNoWord(of.metric, true)), no: t(yesNoWord(of.metric, false)) } : null;
  const view = viewOf(of, range, trend, marks);
  const key = [library !== null, language.value, theme.value, height, marks.map((m) => m.label + m.value)].join();
  // The key holds all that needs a new chart; the rest updates it
  useEffect(() => {
    if (!library || !host.current) return;
    const style = { height, timeZone: zoneTimeOf(of.device), language: language.peek(), words, marks };
    const made = new TrendChart(library, host.current, width, style, view, onCursor);
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, [key]);
  useEffect(() => chart.current?.update(view), [trend]);
  useEffect(() => chart.current?.resize(width, height), [width, height]);
  return <div ref={host} role="img" aria-label={summary(of, trend)} style={{ height: `${height}px` }} />;
}

/** The drawing library comes with the first chart: a phone's first view does without it. */
function useChartLibrary(): typeof uPlot | null {
  const [library, setLibrary] = useState<{ readonly plot: typeof uPlot } | null>(null);
  useEffect(() => {
    let isGone = false;
    void import('uplot').then(({ default: plot }) => {
      if (!isGone) setLibrary({ plot });
    });
    return () => {
      isGone = true;
    };
  }, []);
  return library?.plot ?? null;
}

function viewOf(of: SeriesRef, range: Range, trend: Trend, marks: readonly ChartMark[]) {
  const device = deviceOf(of.device);
  const to = now.peek();
  const isOnChange = device?.onChange.includes(of.metric) ?? false;
  const longest = isOnChange ? Number.POSITIVE_INFINITY : gapMs(trend.bucketMs, device?.everyS ?? 0);
  const points = withGaps(trend.points, longest);
  const last = trend.points.at(-1);
  // Unchanged until now: a state reported on change goes on to the edge.
  if (isOnChange && last && last.ts < to) points.push({ ...last, ts: to });
  const least = LEAST_SPAN[unitOf(of.metric)] ?? 1;
  const data = extent(points);
  const vertical = isYesNo(of.metric)
    ? ([-0.15, 1.15] as const)
    : valueRange(
        data,
        marks.map((m) => m.value),
        least,
      );
  return { points, from: to - RANGE_MS[range], to, range: vertical };
}

function marksOf(of: SeriesRef): ChartMark[] {
  const asset = assetOf(deviceOf(of.device)?.asset ?? null);
  const marks = limitsOf(of).flatMap(({ below, above }) => [
    ...(above !== null ? [{ value: above, label: t('above') }] : []),
    ...(below !== null ? [{ value: below, label: t('below') }] : []),
  ]);
  if (of.metric === 'level' && asset?.overflowM !== undefined) {
    marks.push({ value: asset.overflowM, label: t('overflow') });
  }
  if (of.metric === 'level' && asset?.fireReserveM !== undefined) {
    marks.push({ value: asset.fireReserveM, label: t('fireReserve') });
  }
  return marks;
}

type ReadoutProps = { of: SeriesRef; under: ReadonlySignal<ChartPoint | null>; trend: Trend; isNamed: boolean };

/** Reads the cursor itself: the chart must not be drawn anew, and lose its cursor, for each move of it. */
function Readout({ of, under, trend, isNamed }: ReadoutProps) {
  const point = under.value;
  if (!point) return <p class="readout">{trend.status === 'ready' ? summary(of, trend, isNamed) : '\u00a0'}</p>;
  const time = moment(point.ts, now.peek(), zoneTimeOf(of.device), language.value);
  return (
    <p class="readout readout-point">
      <span>{time}</span> <strong>{pointText(of, point)}</strong>
    </p>
  );
}

function pointText(of: SeriesRef, { min, max, mean }: ChartPoint): string {
  if (mean === null) return '–';
  if (isYesNo(of.metric)) return t(yesNoWord(of.metric, mean >= 0.5));
  const unit = unitOf(of.metric);
  const middle = quantityText(mean, unit);
  if (min === null || max === null || min === max) return middle;
  return `${middle} (${quantityText(min, unit)} … ${quantityText(max, unit)})`;
}

/** What the picture shows, in words: also for those who cannot see it. */
function summary(of: SeriesRef, trend: Trend, isShort = false): string {
  const range = extent(trend.points);
  const name = metricName(of.metric);
  if (!range || isYesNo(of.metric)) return name;
  const unit = unitOf(of.metric);
  const [least, greatest] = [quantity(range[0], unit, language.value), quantity(range[1], unit, language.value)];
  // `14 W … 4.20 kW`, but `3.10 … 3.40 m`.
  const low = least.unit === greatest.unit ? least.text : quantityText(range[0], unit);
  const high = quantityText(range[1], unit);
  return isShort ? `${low} … ${high}` : `${name}: ${t('least')} ${low} · ${t('greatest')} ${high}`;
}
