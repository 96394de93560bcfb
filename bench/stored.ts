/** Whether a server has what it acknowledged: read back through /api/history, reading by reading. */
import { type MessagePlan, plannedMessage, plannedValue } from './load/message-plan.ts';

export interface StoredCheck {
  /** Readings. */
  readonly acknowledged: number;
  readonly missing: number;
  readonly twice: number;
  /** Another value than the one sent. */
  readonly wrong: number;
}

const PAGE = 10_000;

/** `numbers`: of the acknowledged messages; `untilTs`: an end of the plan's time, exclusive. */
export async function checkStored(
  url: string,
  { plan, untilTs }: { plan: MessagePlan; untilTs: number },
  numbers: Iterable<number>,
): Promise<StoredCheck> {
  const wanted = Map.groupBy(
    [...numbers].map((n) => plannedMessage(n, plan)),
    ({ device }) => device,
  );
  const check = { acknowledged: 0, missing: 0, twice: 0, wrong: 0 };
  for (const [device, messages] of wanted) {
    for (const [i, metric] of plan.metrics.entries()) {
      const points = await readSeries(url, {
        topic: plan.topics[device] ?? '',
        metric,
        from: plan.firstTs,
        to: untilTs,
      });
      const times = new Set(points.map(([ts]) => ts));
      check.acknowledged += messages.length;
      check.missing += messages.filter(({ ts }) => !times.has(ts)).length;
      check.twice += points.length - times.size;
      check.wrong += points.filter(([ts, value]) => value !== plannedValue(ts, i)).length;
    }
  }
  return check;
}

type Point = readonly [number, number | null];

async function readSeries(
  url: string,
  { topic, metric, from, to }: { topic: string; metric: string; from: number; to: number },
): Promise<Point[]> {
  const device = topic.split('/')[3];
  const all: Point[] = [];
  for (let next: number | undefined = from; next !== undefined; ) {
    const query = `device=${device}&metric=${metric}&from=${next}&to=${to}&points=${PAGE}`;
    const answer = await fetch(`${url}/api/history?${query}`);
    if (!answer.ok) throw new Error(`/api/history answered ${answer.status}: ${await answer.text()}`);
    const page = (await answer.json()) as { points: Point[]; next?: number };
    for (const point of page.points) all.push(point);
    next = page.next;
  }
  return all;
}
