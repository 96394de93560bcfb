/** Points of history as one array of numbers between threads: thousands of small arrays take many times as long to copy. */
import type { HistoryPoint, HistoryResult } from '../../../model/history.ts';

export interface PackedHistory {
  readonly bucketMs: number;
  readonly next: number | null;
  /** Numbers a point. */
  readonly width: number;
  /** One point after the other; NaN for null. */
  readonly numbers: Float64Array;
}

export function packHistory({ bucketMs, next, points }: HistoryResult): PackedHistory {
  const width = points[0]?.length ?? 0;
  const numbers = new Float64Array(points.length * width);
  points.forEach((point, row) => {
    point.forEach((number, column) => {
      numbers[row * width + column] = number ?? Number.NaN;
    });
  });
  return { bucketMs, next, width, numbers };
}

export function unpackHistory({ bucketMs, next, width, numbers }: PackedHistory): HistoryResult {
  const points: HistoryPoint[] = [];
  for (let at = 0; at < numbers.length; at += width) {
    points.push(Array.from(numbers.subarray(at, at + width), (number) => (Number.isNaN(number) ? null : number)));
  }
  return { bucketMs, points, next };
}
