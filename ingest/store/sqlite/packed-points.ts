/** Points of history as one array of numbers: between threads, thousands of small arrays take many times as long to copy. */
import type { HistoryPoint } from '../../../model/history.ts';

export interface PackedPoints {
  /** Numbers a point. */
  readonly width: number;
  /** One point after the other; NaN for null. */
  readonly numbers: Float64Array;
}

interface PointsBuilder {
  push(number: number | null): void;
  take(): PackedPoints;
}

const FIRST_CAPACITY = 4_096;

export function createPoints(width: number): PointsBuilder {
  let numbers = new Float64Array(FIRST_CAPACITY);
  let length = 0;
  return {
    push(number) {
      if (length === numbers.length) {
        const bigger = new Float64Array(numbers.length * 2);
        bigger.set(numbers);
        numbers = bigger;
      }
      numbers[length++] = number ?? Number.NaN;
    },
    take: () => ({ width, numbers: numbers.slice(0, length) }),
  };
}

export function unpackPoints({ width, numbers }: PackedPoints): HistoryPoint[] {
  const points: HistoryPoint[] = [];
  for (let at = 0; at < numbers.length; at += width) {
    const point: (number | null)[] = [];
    for (let i = at; i < at + width; i++) {
      const number = numbers[i] ?? 0;
      point.push(Number.isNaN(number) ? null : number);
    }
    points.push(point);
  }
  return points;
}
