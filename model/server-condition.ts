/** What can be wrong with the server itself. Rules are about devices; these come with the program (contract 3.5). */
import { type ConditionRaise, OF_SERVER } from './alarm.ts';
import type { SiteId } from './ids.ts';
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
  // Nothing is lost while there is room to wait, but history cannot be read.
  'store-unreachable': {
    priority: 'high',
    title: {
      ky: 'Көрсөткүчтөрдүн базасы (InfluxDB) жооп бербей жатат',
      ru: 'База показаний (InfluxDB) не отвечает',
      en: 'The database of readings (InfluxDB) does not answer',
    },
    advice: {
      ky: 'InfluxDB серверин, тармакты жана кирүү укугун текшериңиз. Көрсөткүчтөр бул серверде сакталып, кийин жөнөтүлөт.',
      ru: 'Проверьте сервер InfluxDB, сеть и права доступа. Показания принимаются, хранятся здесь и будут переданы позже.',
      en: 'Check the InfluxDB server, the network and the credentials. Readings are taken, wait here and are passed on later.',
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
  'broker-away': {
    priority: 'critical',
    title: {
      ky: 'MQTT брокери менен байланыш жок',
      ru: 'Нет связи с брокером MQTT',
      en: 'No connection to the MQTT broker',
    },
    advice: {
      ky: 'Брокерди жана ага чейинки тармакты текшериңиз; себеби /api/health дарегинде. Брокер сактап турган маалымат байланыш калыбына келгенде келет.',
      ru: 'Проверьте брокер и сеть до него; причина — в /api/health. Сохранённое брокером придёт, когда связь восстановится.',
      en: 'Check the broker and the network to it; /api/health says why. What the broker keeps comes once it is back.',
    },
  },
  'broker-silent': {
    priority: 'critical',
    title: {
      ky: 'MQTT брокери эч нерсе жеткирбей жатат',
      ru: 'Брокер MQTT ничего не доставляет',
      en: 'The MQTT broker delivers nothing',
    },
    advice: {
      ky: 'Брокердеги кирүү укуктарын текшериңиз: жазылуу кабыл алынган, бирок сыноо билдирүүсү да келген жок.',
      ru: 'Проверьте права доступа на брокере: подписка принята, но не пришло даже пробное сообщение.',
      en: 'Check the access rules at the broker: it granted the subscription, and not even our own probe came through.',
    },
  },
  // Of one site, which is named behind the title.
  'ingest-gone': {
    priority: 'high',
    title: {
      ky: 'Бул жердин сервери жооп бербей калды',
      ru: 'Сервер этого места не отвечает',
      en: 'The server of this site has fallen silent',
    },
    advice: {
      ky: 'Ал серверди жана анын тармагын текшериңиз: бул жердин көрсөткүчтөрүн азыр эч ким кабыл албайт.',
      ru: 'Проверьте этот сервер и его сеть: показания этого места сейчас никто не принимает.',
      en: 'Check that server and its network: at present nobody takes the readings of this site.',
    },
  },
} as const satisfies Record<string, ServerCondition>;

export type ServerConditionId = keyof typeof CONDITIONS;

export const SERVER_CONDITIONS: ReadonlyMap<string, ServerCondition> = new Map(Object.entries(CONDITIONS));

/** Its key has no dot and so is never that of a rule on a device. */
export function serverConditionKey(id: ServerConditionId, site: SiteId | null = null): string {
  return site === null ? id : `${id}:${site}`;
}

export function raiseOfServer(id: ServerConditionId, at: number, site: SiteId | null = null): ConditionRaise {
  const { priority } = CONDITIONS[id];
  return { kind: 'raise', key: serverConditionKey(id, site), at, rule: id, priority, ...OF_SERVER, site };
}
