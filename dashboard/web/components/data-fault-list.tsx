/** What of a file is damaged or lost, and since when or of which time: the device and the span where readings are concerned. */
import { useEffect } from 'preact/hooks';
import type { DataFault } from '../../../model/data-fault.ts';
import type { TextKey } from '../i18n/catalogue.ts';
import { metricName, t, tCount } from '../i18n/language.ts';
import { dataFaultsOf, loadDataFaults } from '../live/data-faults.ts';
import { connections } from '../live/feed.ts';
import { deviceOf } from '../live/plant-store.ts';
import { placeName } from '../view/place-name.ts';
import { timeAt } from './alarm-words.ts';

/** More lines than this help nobody on a phone: the rest is counted. */
const MAX_LINES = 10;
/** Damage is found when somebody asks for it: the list grows while it is open. */
const AGAIN_MS = 10_000;

const KINDS: Readonly<Record<DataFault['kind'], TextKey>> = {
  lost: 'dataLost',
  damaged: 'dataDamaged',
  'set-aside': 'dataSetAside',
};

export function DataFaultList({ file }: { file: string }) {
  const connection = connections.value;
  useEffect(() => {
    void loadDataFaults();
    const again = setInterval(loadDataFaults, AGAIN_MS);
    return () => clearInterval(again);
  }, [connection]);
  const faults = dataFaultsOf(file);
  if (faults.length === 0) return null;
  const rest = faults.length - MAX_LINES;
  return (
    <ul class="alarm-facts data-faults">
      {faults.slice(0, MAX_LINES).map((fault) => (
        <li key={JSON.stringify(fault)}>{wordsOf(fault)}</li>
      ))}
      {rest > 0 && <li>{tCount('andMore', rest)}</li>}
    </ul>
  );
}

/** `damaged · Upper tank · Level · 3 Nov, 14:05 – 5 Nov, 02:10`; where it is about no device, what the server says of it. */
function wordsOf({ kind, device, metric, fromTs, toTs, detail }: DataFault): string {
  const site = deviceOf(device ?? '')?.site ?? null;
  const span = fromTs === undefined || toTs === undefined ? '' : `${timeAt(fromTs, site)} – ${timeAt(toTs, site)}`;
  const what =
    device === undefined ? [detail] : [placeName(device), metric === undefined ? '' : metricName(metric), span];
  return [t(KINDS[kind]), ...what].filter((part) => part !== '').join(' · ');
}
