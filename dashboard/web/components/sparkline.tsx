import { gapMs, withGaps } from '../charts/series-points.ts';
import { SPARK_HEIGHT, SPARK_WIDTH, sparkPath } from '../charts/spark-path.ts';
import { RANGE_MS, type TrendRequest } from '../charts/trends.ts';
import { useTrend } from '../hooks.ts';
import { now } from '../live/clock.ts';
import { deviceOf } from '../live/plant-store.ts';
import type { SeriesRef } from '../view/plant-view.ts';

/** Ten-minute steps over a day: finer than a sparkline shows, and enough for the rate of the last hour. */
export const dayRequest = (ref: SeriesRef): TrendRequest => ({ ref, range: '24h', points: 144, detail: 'mean' });

/** The last 24 hours, without axes: the shape of the day. */
export function Sparkline({ of }: { of: SeriesRef }) {
  const { points, bucketMs } = useTrend(dayRequest(of)).value;
  const to = now.peek();
  const from = to - RANGE_MS['24h'];
  const path = sparkPath(withGaps(points, gapMs(bucketMs, deviceOf(of.device)?.everyS ?? 0)), from, to);
  return (
    <svg class="spark" viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
