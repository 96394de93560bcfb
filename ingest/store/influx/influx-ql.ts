/** Questions and answers in InfluxQL, which 1.x, 2 and 3 understand; Flux is not in 3. */
import type { HistoryPoint, HistoryQuery, HistoryResult } from '../../../model/history.ts';
import type { DeviceId, MetricName } from '../../../model/ids.ts';
import type { Reading } from '../../../model/reading.ts';
import { BAD, QUALITY_SUFFIX, UNCERTAIN } from './line-protocol.ts';
import { type InfluxServer, quoteName, quoteText, type ResultSeries } from './server.ts';

/** InfluxDB counts nanoseconds in 64 bits: nothing is stored later, and nothing can be asked beyond. */
const LAST_MS = 9_223_372_036_854;
/** Statements a request. */
const AT_ONCE = 20;

type Row = ResultSeries['values'][number];

const AGGREGATES = {
  mean: ['mean'],
  min: ['min'],
  max: ['max'],
  last: ['last'],
  minmax: ['min', 'max', 'mean'],
} as const;

/** Contract 3.4. `kind`: the measurement of the device. */
export async function queryHistory(server: InfluxServer, kind: string, query: HistoryQuery): Promise<HistoryResult> {
  return query.aggregate === 'raw'
    ? await rawPage(server, kind, query)
    : await inBuckets(server, kind, { ...query, aggregate: query.aggregate });
}

async function rawPage(server: InfluxServer, kind: string, query: HistoryQuery): Promise<HistoryResult> {
  const { metric, points } = query;
  const fields = `${quoteName(metric)}, ${quoteName(metric + QUALITY_SUFFIX)}`;
  // One more than asked for tells that there is a next page, and where it starts.
  const rows = await ask(server, `SELECT ${fields} ${rangeOf(kind, query)} ORDER BY time LIMIT ${points + 1}`);
  const found = rows.map(([ts, value]): HistoryPoint => [toNumber(ts), toNumber(value)]);
  return { bucketMs: 0, points: found.slice(0, points), next: found[points]?.[0] ?? null };
}

async function inBuckets(
  server: InfluxServer,
  kind: string,
  query: HistoryQuery & { aggregate: keyof typeof AGGREGATES },
): Promise<HistoryResult> {
  const { from, to, points, metric, aggregate } = query;
  const bucketMs = Math.max(1, Math.ceil((to - from) / points));
  const functions = AGGREGATES[aggregate].map((name) => `${name}(${quoteName(metric)})`);
  // The count of qualities gives a row to a bucket that holds bad readings alone.
  const fields = [...functions, `count(${quoteName(metric + QUALITY_SUFFIX)})`].join(', ');
  // One bucket needs no grouping, and may be wider than InfluxDB can count.
  const grouping =
    bucketMs >= Math.min(to, LAST_MS) - from ? '' : ` GROUP BY time(${bucketMs}ms, ${from % bucketMs}ms) fill(none)`;
  const rows = await ask(server, `SELECT ${fields} ${rangeOf(kind, query)}${grouping}`);
  const found = rows.map(([ts, ...values]) => [
    grouping === '' ? from : toNumber(ts),
    ...values.slice(0, functions.length).map(toNumber),
  ]);
  return { bucketMs, points: found, next: null };
}

function rangeOf(kind: string, { device, from, to }: HistoryQuery): string {
  const times = `time >= ${from}ms AND time < ${Math.min(to, LAST_MS)}ms`;
  return `FROM ${quoteName(kind)} WHERE "device" = ${quoteText(device)} AND ${times}`;
}

async function ask(server: InfluxServer, statement: string): Promise<readonly Row[]> {
  const [series = []] = await server.query([statement]);
  return series[0]?.values ?? [];
}

/** The newest reading of every series that is there. */
export async function queryNewest(server: InfluxServer): Promise<Reading[]> {
  const [measurements = []] = await server.query(['SHOW FIELD KEYS']);
  const wanted = measurements.flatMap(({ name, values }) =>
    metricsOf(values).map((metric) => ({ kind: name, metric })),
  );
  const newest: Reading[] = [];
  for (let i = 0; i < wanted.length; i += AT_ONCE) {
    const some = wanted.slice(i, i + AT_ONCE);
    const values = await server.query(some.map(({ kind, metric }) => lastOf(kind, metric)));
    const qualities = await server.query(some.map(({ kind, metric }) => lastOf(kind, metric + QUALITY_SUFFIX)));
    some.forEach(({ metric }, at) => {
      newest.push(...toReadings(metric as MetricName, values[at] ?? [], qualities[at] ?? []));
    });
  }
  return newest;
}

/** A metric that was never good has its quality alone. */
function metricsOf(fields: readonly Row[]): string[] {
  const suffix = new RegExp(`${QUALITY_SUFFIX}$`);
  return [...new Set(fields.map(([field]) => String(field).replace(suffix, '')))];
}

function lastOf(kind: string, field: string): string {
  return `SELECT last(${quoteName(field)}) FROM ${quoteName(kind)} GROUP BY "device"`;
}

function toReadings(
  metric: MetricName,
  values: readonly ResultSeries[],
  qualities: readonly ResultSeries[],
): Reading[] {
  const goodOf = newestByDevice(values);
  const flaggedOf = newestByDevice(qualities);
  return [...new Set([...goodOf.keys(), ...flaggedOf.keys()])].map((device): Reading => {
    const good = goodOf.get(device);
    const flagged = flaggedOf.get(device);
    if (flagged && flagged.value === BAD && flagged.ts > (good?.ts ?? -1)) {
      return { device, metric, ts: flagged.ts, value: null, quality: 'bad' };
    }
    const isUncertain = flagged?.value === UNCERTAIN && flagged.ts === good?.ts;
    return { device, metric, ts: good?.ts ?? 0, value: good?.value ?? 0, quality: isUncertain ? 'uncertain' : 'good' };
  });
}

function newestByDevice(series: readonly ResultSeries[]): Map<DeviceId, { ts: number; value: number }> {
  return new Map(
    series.map(({ tags, values: [[ts = 0, value = 0] = []] }) => [
      (tags?.device ?? '') as DeviceId,
      { ts: Number(ts), value: Number(value) },
    ]),
  );
}

function toNumber(value: string | number | null | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
