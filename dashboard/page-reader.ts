/** What a page on the socket has yet to be sent: the latest of each. A slow page skips some, it never queues them, and misses no last one. */
import type { Alarm } from '../model/alarm.ts';
import type { DeviceId, MetricName } from '../model/ids.ts';
import type { LiveValue } from '../model/reading.ts';

/** The latest of each series; a key of both ids would have to be made for every value. */
type Latest = Map<DeviceId, Map<MetricName, LiveValue>>;

/** More alarms than this in a frame, and a snapshot says it shorter. */
const MAX_ALARMS_APART = 50;

export interface PageReader {
  readonly site: string;
  readonly unsent: Latest;
  /** Series in it. */
  unsentCount: number;
  readonly unsentAlarms: Map<string, Alarm>;
  isSimUnsent: boolean;
  /** A snapshot says all of the above, and nothing is kept beside it. */
  isSnapshotDue: boolean;
}

export function createPageReader(site: string): PageReader {
  return {
    site,
    unsent: new Map(),
    unsentCount: 0,
    unsentAlarms: new Map(),
    isSimUnsent: false,
    isSnapshotDue: true,
  };
}

/** Beyond `most` series a snapshot takes their place: what is kept for pages that do not read is bounded. */
export function noteValue(reader: PageReader, value: LiveValue, most: number): void {
  if (reader.isSnapshotDue) return;
  const ofDevice = reader.unsent.get(value.device);
  if (!ofDevice?.has(value.metric)) reader.unsentCount++;
  if (ofDevice) ofDevice.set(value.metric, value);
  else reader.unsent.set(value.device, new Map([[value.metric, value]]));
  if (reader.unsentCount > most) requestSnapshot(reader);
}

export function noteAlarmOf(reader: PageReader, alarm: Alarm): void {
  if (reader.isSnapshotDue) return;
  reader.unsentAlarms.set(alarm.id, alarm);
  if (reader.unsentAlarms.size > MAX_ALARMS_APART) requestSnapshot(reader);
}

function requestSnapshot(reader: PageReader): void {
  reader.isSnapshotDue = true;
  reader.unsent.clear();
  reader.unsentCount = 0;
  reader.unsentAlarms.clear();
}

export function takeValues(reader: PageReader): LiveValue[] {
  const values = [...reader.unsent.values()].flatMap((of) => [...of.values()]);
  reader.unsent.clear();
  reader.unsentCount = 0;
  return values;
}
