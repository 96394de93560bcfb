/** What can be wrong with the server itself. Rules are about devices; these come with the program (contract 3.5). */
import { type ConditionRaise, OF_SERVER } from './alarm.ts';
import type { Priority } from './rule.ts';

interface Text {
  readonly ky: string;
  readonly ru: string;
  readonly en: string;
}

interface ServerCondition {
  readonly priority: Priority;
  /** What is wrong. */
  readonly title: Text;
  /** What to do. */
  readonly advice: Text;
}

const CONDITIONS = {
  'store-failing': {
    priority: 'critical',
    title: {
      ky: 'Көрсөткүчтөр сакталбай жатат',
      ru: 'Показания не сохраняются',
      en: 'Readings cannot be stored',
    },
    advice: {
      ky: 'Сервердин дискинен орун бошотуп, дискти текшериңиз. Кабыл алынган маалымат жоголгон жок, калганын түзмөктөр кайра жөнөтөт.',
      ru: 'Освободите место на диске сервера и проверьте диск. Принятое не потеряно, остальное устройства отправят снова.',
      en: 'Free space on the server’s disk, and check the disk. Nothing acknowledged is lost; devices send the rest again.',
    },
  },
  'disk-low': {
    priority: 'high',
    title: {
      ky: 'Сервердин дискинде орун аз калды',
      ru: 'На диске сервера мало места',
      en: 'The server’s disk is almost full',
    },
    advice: {
      ky: 'Дисктен орун бошотуңуз: диск толсо, көрсөткүчтөр сакталбайт.',
      ru: 'Освободите место: на полный диск показания не сохраняются.',
      en: 'Free space: on a full disk no reading can be stored.',
    },
  },
  // Nothing is lost and every device is still seen, so hours are soon enough; but somebody has to set it.
  'server-clock': {
    priority: 'medium',
    title: {
      ky: 'Сервердин саатына ишенүүгө болбойт',
      ru: 'Часам сервера нельзя верить',
      en: 'The server’s clock cannot be trusted',
    },
    advice: {
      ky: 'Сервердин күнүн жана убактысын коюңуз же аны так убакыт серверине (NTP) туташтырыңыз. Көрсөткүчтөр мурдагыдай эле кабыл алынат.',
      ru: 'Установите дату и время сервера или подключите его к серверу точного времени (NTP). Показания принимаются, как обычно.',
      en: 'Set the server’s date and time, or connect it to a time server (NTP). Readings are taken all the same.',
    },
  },
} as const satisfies Record<string, ServerCondition>;

export type ServerConditionId = keyof typeof CONDITIONS;

export const SERVER_CONDITIONS: ReadonlyMap<string, ServerCondition> = new Map(Object.entries(CONDITIONS));

/** Its key has no dot and so is never that of a rule on a device. */
export function raiseOfServer(id: ServerConditionId, at: number): ConditionRaise {
  return { kind: 'raise', key: id, at, rule: id, priority: CONDITIONS[id].priority, ...OF_SERVER };
}
