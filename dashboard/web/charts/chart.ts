/** A trend drawn by uPlot: band of minimum and maximum, mean as a line, limits behind, gaps open. */
import type uPlot from 'uplot';
import { clockTime, dayAndMonth, decimal, type Language } from '../view/format.ts';
import type { ChartPoint } from './series-points.ts';

export interface ChartMark {
  readonly value: number;
  readonly label: string;
}

export interface ChartStyle {
  readonly height: number;
  readonly timeZone: string;
  readonly language: Language;
  /** Of a yes or no, which is drawn in steps. */
  readonly words: { readonly yes: string; readonly no: string } | null;
  readonly marks: readonly ChartMark[];
}

export interface ChartView {
  readonly points: readonly ChartPoint[];
  readonly from: number;
  readonly to: number;
  readonly range: readonly [number, number];
}

const HOUR_MS = 3_600_000;
/** No quarters: `3,25` beside `3,5` asks for more digits than a glance reads. */
const VALUE_STEPS = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));
const TIME_STEPS = [0.25, 0.5, 1, 2, 3, 4, 6, 12, 24, 48, 96, 168].map((hours) => hours * HOUR_MS);
const FONT = '13px system-ui, sans-serif';
const AXIS_WIDTH = 44;
const WORD_AXIS_WIDTH = 112;

export class TrendChart {
  private readonly plot: uPlot;
  private view: ChartView;

  constructor(
    library: typeof uPlot,
    host: HTMLElement,
    width: number,
    style: ChartStyle,
    view: ChartView,
    onCursor: (point: ChartPoint | null) => void,
  ) {
    this.view = view;
    this.plot = new library(this.options(library, width, style, onCursor), columns(view.points), host);
    followTouch(this.plot);
  }

  update(view: ChartView): void {
    this.view = view;
    this.plot.setData(columns(view.points));
  }

  resize(width: number, height: number): void {
    if (width !== this.plot.width) this.plot.setSize({ width, height });
  }

  destroy(): void {
    this.plot.destroy();
  }

  private options(
    library: typeof uPlot,
    width: number,
    style: ChartStyle,
    onCursor: (point: ChartPoint | null) => void,
  ): uPlot.Options {
    const line = colour('--chart-line');
    const paths = style.words && library.paths.stepped ? { paths: library.paths.stepped({ align: 1 }) } : {};
    const edge = { ...paths, stroke: 'transparent', width: 0, points: { show: false } };
    return {
      width,
      height: style.height,
      ms: 1,
      tzDate: (ms) => library.tzDate(new Date(ms), style.timeZone),
      legend: { show: false },
      // On the right half of a time's width: it is not cut off at the edge.
      padding: [8, 20, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: true, range: () => [this.view.from, this.view.to] },
        y: { range: () => [this.view.range[0], this.view.range[1]] },
      },
      series: [{}, edge, edge, { ...paths, stroke: line, width: 1.75, points: { size: 4, fill: line, stroke: line } }],
      bands: [{ series: [2, 1], fill: colour('--chart-band') }],
      axes: [timeAxis(style), valueAxis(style)],
      hooks: {
        drawAxes: [(plot) => drawMarks(plot, style.marks)],
        setCursor: [(plot) => onCursor(this.view.points[plot.cursor.idx ?? -1] ?? null)],
      },
    };
  }
}

function columns(points: readonly ChartPoint[]): uPlot.AlignedData {
  return [points.map((p) => p.ts), points.map((p) => p.min), points.map((p) => p.max), points.map((p) => p.mean)];
}

function timeAxis({ timeZone, language }: ChartStyle): uPlot.Axis {
  return {
    ...axisInk(),
    space: 56,
    size: 26,
    incrs: TIME_STEPS,
    values: (_, splits) => splits.map((ms) => timeLabel(ms, timeZone, language)),
  };
}

function timeLabel(ms: number, timeZone: string, language: Language): string {
  const time = clockTime(ms, timeZone);
  return time === '00:00' ? dayAndMonth(ms, timeZone, language) : time;
}

function valueAxis({ words, language }: ChartStyle): uPlot.Axis {
  if (words) {
    return { ...axisInk(), size: WORD_AXIS_WIDTH, splits: () => [0, 1], values: () => [words.no, words.yes] };
  }
  return {
    ...axisInk(),
    space: 22,
    size: AXIS_WIDTH,
    incrs: VALUE_STEPS,
    values: (_, splits, _axis, _space, step) => {
      const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
      return splits.map((value) => decimal(value, digits, language));
    },
  };
}

function axisInk(): Pick<uPlot.Axis, 'stroke' | 'font' | 'grid' | 'ticks'> {
  return {
    stroke: colour('--label'),
    font: FONT,
    grid: { stroke: colour('--line-faint'), width: 1 },
    ticks: { show: false },
  };
}

function drawMarks(plot: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  const placed = marks
    .map(({ value, label }) => ({ label, y: Math.round(plot.valToPos(value, 'y', true)) }))
    .filter(({ y }) => y >= bbox.top && y <= bbox.top + bbox.height)
    .toSorted((a, b) => b.y - a.y);
  ctx.save();
  ctx.strokeStyle = colour('--limit');
  ctx.fillStyle = colour('--label');
  ctx.lineWidth = scale;
  ctx.setLineDash([6 * scale, 4 * scale]);
  ctx.font = `${13 * scale}px system-ui, sans-serif`;
  for (const { y } of placed) {
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  let isRight = false;
  placed.forEach(({ label, y }, i) => {
    // Two limits close together are named at either end.
    isRight = !(isRight && Math.abs((placed[i - 1]?.y ?? 0) - y) < 18 * scale);
    drawLabel(plot, label, y, isRight);
  });
  ctx.restore();
}

/** In its line, as on a map: above or below, it would stand by the next limit's. */
function drawLabel({ ctx, bbox }: uPlot, label: string, y: number, isRight: boolean): void {
  const scale = devicePixelRatio;
  const inset = 6 * scale;
  const width = ctx.measureText(label).width;
  const left = isRight ? bbox.left + bbox.width - inset - width : bbox.left + inset;
  const ink = ctx.fillStyle;
  ctx.fillStyle = colour('--surface');
  ctx.fillRect(left - 3 * scale, y - 7 * scale, width + 6 * scale, 14 * scale);
  ctx.fillStyle = ink;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ctx.fillText(label, left, y);
}

/** uPlot follows a mouse; a finger that moves sideways over the chart reads it the same way. */
function followTouch(plot: uPlot): void {
  plot.over.style.touchAction = 'pan-y';
  const follow = (event: PointerEvent) => {
    if (event.pointerType !== 'touch') return;
    const { left, top } = plot.over.getBoundingClientRect();
    plot.setCursor({ left: event.clientX - left, top: event.clientY - top });
  };
  plot.over.addEventListener('pointerdown', follow);
  plot.over.addEventListener('pointermove', follow);
}

function colour(role: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(role).trim();
}
