/** The acts of the contract (3.10, 3.11), as the page offers them. */
import type { AlarmWire } from '../../wire.ts';
import type { ExcuseKind, ExcusePlace } from '../view/excuse.ts';
import type { Act } from './acts.ts';
import { fetchAlarm } from './api.ts';
import { alarms, takeAlarm } from './feed.ts';
import { loadWorks } from './works.ts';

/** Of an alarm, all of one button. */
type AlarmActKind = 'acknowledge' | 'reset' | 'shelve' | 'unshelve' | 'out-of-service' | 'in-service';

export function alarmAct(id: string, kind: AlarmActKind, body?: object): Act {
  const before = alarms.peek().find((alarm) => alarm.id === id);
  return {
    key: `${id} ${kind}`,
    address: `api/alarms/${encodeURIComponent(id)}/${kind}`,
    ...(body && { body }),
    onDone: (answer) => {
      // What has come over the socket since is newer.
      if (alarms.peek().find((alarm) => alarm.id === id) === before) takeAlarm(answer as AlarmWire);
    },
    onChanged: () => fetchAlarm(id).then(takeAlarm, () => undefined),
  };
}

export const excuseKey = (place: ExcusePlace, kind: ExcuseKind): string => `${kind} ${JSON.stringify(place)}`;

/** `to`: epoch ms of the server. */
export function excuseAct(place: ExcusePlace, kind: ExcuseKind, to: number): Act {
  const body = { ...place, kind, to };
  return { key: excuseKey(place, kind), address: 'api/excuses', body, onDone: loadWorks, onChanged: loadWorks };
}

export function endWorkAct(id: string): Act {
  const address = `api/works/${encodeURIComponent(id)}`;
  return { key: id, method: 'DELETE', address, onDone: loadWorks, onChanged: loadWorks };
}
