/** What can be wrong with the server itself, or with all it hears. Rules are about devices; these come with the program (contract 3.5). */
import type { ConditionRaise } from './condition.ts';
import type { SiteId } from './ids.ts';
import type { Priority } from './rule.ts';
import { RESPOND_WITHIN_MIN, type RuleTexts, type Text } from './rule-text.ts';

interface ServerCondition {
  readonly priority: Priority;
  readonly title: Text;
  readonly cause: Text;
  readonly consequence: Text;
  readonly action: Text;
}

const CONDITIONS = {
  'store-failing': {
    priority: 'critical',
    title: {
      ky: 'Көрсөткүчтөр сакталбай жатат',
      ru: 'Показания не сохраняются',
      en: 'Readings cannot be stored',
    },
    cause: {
      ky: 'Сервердин диски толгон же бузулган.',
      ru: 'Диск сервера переполнен или неисправен.',
      en: 'The server’s disk is full or faulty.',
    },
    consequence: {
      ky: 'Түзмөктөр маалыматты өздөрүндө кармап турат; эстутуму толсо, маалымат жоголот.',
      ru: 'Устройства держат показания у себя; когда их память заполнится, показания пропадут.',
      en: 'Devices keep their readings; once their memory is full, readings are lost.',
    },
    action: {
      ky: 'Сервердин дискинен орун бошотуп, дискти текшериңиз. Кабыл алынган маалымат жоголгон жок, калганын түзмөктөр кайра жөнөтөт.',
      ru: 'Освободите место на диске сервера и проверьте диск. Принятое не потеряно, остальное устройства отправят снова.',
      en: 'Free space on the server’s disk, and check the disk. Nothing acknowledged is lost; devices send the rest again.',
    },
  },
  // Nothing goes on losing anything, but what is gone may be years of readings, or who may sign in.
  'data-damaged': {
    priority: 'high',
    title: {
      ky: 'Сакталган маалыматтын бир бөлүгү бузулган же жоголгон',
      ru: 'Часть сохранённых данных повреждена или пропала',
      en: 'Part of the stored data is damaged or lost',
    },
    cause: {
      ky: 'Диск бузулуп баратат, электр жарыгы өчкөн же файл өчүрүлгөн.',
      ru: 'Отказывает диск, пропадало питание или файл удалили.',
      en: 'The disk is failing, the power went, or a file was deleted.',
    },
    consequence: {
      ky: 'Бузулган бөлүгү көрсөтүлбөйт, калганы мурдагыдай иштейт.',
      ru: 'Повреждённое не показывается, остальное работает, как прежде.',
      en: 'What is damaged is not shown; the rest works as before.',
    },
    action: {
      ky: 'Эмне бузулганы /api/health дарегинде жана сервердин журналында жазылган. Резервдик көчүрмөңүз болсо, аны кайтарыңыз; болбосо ошол жерде жазылган буйрукту иштетиңиз («repair» же «accept-loss»). Дискти текшериңиз.',
      ru: 'Что повреждено, написано в /api/health и в журнале сервера. Восстановите резервную копию, если она есть, или выполните команду, которая там названа («repair» или «accept-loss»). Проверьте диск.',
      en: 'What is damaged stands in /api/health and in the server’s log. Put a backup back if there is one, or run the command that is named there (“repair” or “accept-loss”). Check the disk.',
    },
  },
  'disk-low': {
    priority: 'high',
    title: {
      ky: 'Сервердин дискинде орун аз калды',
      ru: 'На диске сервера мало места',
      en: 'The server’s disk is almost full',
    },
    cause: {
      ky: 'Маалымат же башка файлдар көп орун ээледи.',
      ru: 'Много места заняли данные или другие файлы.',
      en: 'Data or other files have taken the space.',
    },
    consequence: {
      ky: 'Диск толсо, көрсөткүчтөр сакталбай калат.',
      ru: 'На полный диск показания не сохраняются.',
      en: 'On a full disk no reading can be stored.',
    },
    action: {
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
    cause: {
      ky: 'InfluxDB сервери токтогон, тармак үзүлгөн же кирүү укугу жок.',
      ru: 'Сервер InfluxDB остановлен, нет сети или нет прав доступа.',
      en: 'The InfluxDB server has stopped, the network is down, or the credentials are wrong.',
    },
    consequence: {
      ky: 'Тарыхты көрүүгө болбойт; көрсөткүчтөр бул жерде күтүп турат.',
      ru: 'История не видна; показания ждут здесь.',
      en: 'History cannot be seen; readings wait here.',
    },
    action: {
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
    cause: {
      ky: 'Саат коюлган эмес же туура эмес коюлган, анын батареясы отурган же убакыт сервери менен байланыш жок.',
      ru: 'Часы не установлены или установлены неверно, села их батарея или нет связи с сервером времени.',
      en: 'It was never set or set wrong, its battery is flat, or the time server cannot be reached.',
    },
    consequence: {
      ky: 'Убакыт түзмөктөр боюнча эсептелет; кечигүү жана тынчтык так аныкталбайт.',
      ru: 'Время считается по устройствам; опоздания и молчание определяются неточно.',
      en: 'Time is taken from the devices; lateness and silence are told less well.',
    },
    action: {
      ky: 'Сервердин күнүн жана убактысын коюңуз же аны так убакыт серверине (NTP) туташтырыңыз. Көрсөткүчтөр мурдагыдай эле кабыл алынат; кайсынысынын убактысы туура эмес экени /api/health дарегинде жазылган.',
      ru: 'Установите дату и время сервера или подключите его к серверу точного времени (NTP). Показания принимаются, как обычно; у каких из них неверное время, написано в /api/health.',
      en: 'Set the server’s date and time, or connect it to a time server (NTP). Readings are taken all the same; which of them bear a wrong time stands in /api/health.',
    },
  },
  'broker-away': {
    priority: 'critical',
    title: {
      ky: 'MQTT брокери менен байланыш жок',
      ru: 'Нет связи с брокером MQTT',
      en: 'No connection to the MQTT broker',
    },
    cause: {
      ky: 'Брокер токтогон же ага чейинки тармак үзүлгөн.',
      ru: 'Брокер остановлен или нет сети до него.',
      en: 'The broker has stopped, or the network to it is down.',
    },
    consequence: {
      ky: 'Бул жерден эч нерсе көрүнбөйт: жаңы көрсөткүч келбейт.',
      ru: 'Отсюда ничего не видно: новых показаний нет.',
      en: 'Nothing can be seen from here: no new reading comes.',
    },
    action: {
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
    cause: {
      ky: 'Брокердеги кирүү укуктары окууга жол бербейт.',
      ru: 'Права доступа на брокере не разрешают чтение.',
      en: 'The access rules at the broker do not let us read.',
    },
    consequence: {
      ky: 'Бул жерден эч нерсе көрүнбөйт: жаңы көрсөткүч келбейт.',
      ru: 'Отсюда ничего не видно: новых показаний нет.',
      en: 'Nothing can be seen from here: no new reading comes.',
    },
    action: {
      ky: 'Брокердеги кирүү укуктарын текшериңиз: жазылуу кабыл алынган, бирок сыноо билдирүүсү да келген жок.',
      ru: 'Проверьте права доступа на брокере: подписка принята, но не пришло даже пробное сообщение.',
      en: 'Check the access rules at the broker: it granted the subscription, and not even our own probe came through.',
    },
  },
  // Those on duty hear of nothing, so hours are too long; but whoever is called by nobody sees it on the page only.
  'notify-failing': {
    priority: 'high',
    title: {
      ky: 'Авариялык билдирүүлөр эч кимге жетпей жатат',
      ru: 'Сообщения о тревогах ни до кого не доходят',
      en: 'Messages about alarms reach nobody',
    },
    cause: {
      ky: 'Сервердин интернети же модеми иштебейт, же билдирүү жөнөтүү туура эмес жөндөлгөн.',
      ru: 'Нет интернета у сервера, не работает модем или неверно настроена отправка.',
      en: 'The server has no internet, the modem has failed, or sending is set up wrongly.',
    },
    consequence: {
      ky: 'Авария болсо, эч ким билбей калат: ал ушул баракта гана көрүнөт.',
      ru: 'О тревоге никто не узнает: она видна только на этой странице.',
      en: 'Nobody hears of an alarm: it shows on this page only.',
    },
    action: {
      ky: 'Сервердин интернетин, модемин жана жөнөтүү жөндөөлөрүн текшерип, «notify test» буйругу менен сынап көрүңүз. Ага чейин баракты өзүңүз карап туруңуз.',
      ru: 'Проверьте интернет, модем и настройки отправки, затем отправьте пробное сообщение командой «notify test». До тех пор следите за этой страницей.',
      en: 'Check the internet, the modem and the settings, then send a trial message with “notify test”. Until then keep an eye on this page.',
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
    cause: {
      ky: 'Ал сервер токтогон же анын тармагы үзүлгөн.',
      ru: 'Этот сервер остановлен или у него нет сети.',
      en: 'That server has stopped, or its network is down.',
    },
    consequence: {
      ky: 'Бул жердин көрсөткүчтөрүн азыр эч ким кабыл албайт.',
      ru: 'Показания этого места сейчас никто не принимает.',
      en: 'At present nobody takes the readings of this site.',
    },
    action: {
      ky: 'Ал серверди жана анын тармагын текшериңиз: бул жердин көрсөткүчтөрүн азыр эч ким кабыл албайт.',
      ru: 'Проверьте этот сервер и его сеть: показания этого места сейчас никто не принимает.',
      en: 'Check that server and its network: at present nobody takes the readings of this site.',
    },
  },
  // The three below are found by the alarm desk, from what falls silent together. No outage is claimed by the first two.
  'own-link': {
    priority: 'high',
    title: {
      ky: 'Бардык түзмөктөр менен байланыш үзүлдү',
      ru: 'Нет связи со всеми устройствами',
      en: 'No contact with any device',
    },
    cause: {
      ky: 'Сервердин интернети же тармагы өчкөн.',
      ru: 'У сервера нет интернета или сети.',
      en: 'The server’s own internet link or network is down.',
    },
    consequence: {
      ky: 'Суу менен жарыктын абалы азыр белгисиз. Бул алар өчтү дегенди билдирбейт.',
      ru: 'Что с водой и светом, сейчас неизвестно. Это не значит, что их нет.',
      en: 'The state of water and light is unknown. It does not mean that they are off.',
    },
    action: {
      ky: 'Сервердин интернетин, роутерин жана кабелин текшериңиз. Түзмөктөр сактап калган маалымат байланыш келгенде келет.',
      ru: 'Проверьте интернет, роутер и кабель сервера. Что устройства сохранили, придёт, когда связь вернётся.',
      en: 'Check the server’s internet, router and cable. What the devices kept comes once the link is back.',
    },
  },
  'operator-away': {
    priority: 'high',
    title: {
      ky: 'Мобилдик оператордун байланышы жок',
      ru: 'Нет связи у мобильного оператора',
      en: 'The mobile operator’s network is down',
    },
    cause: {
      ky: 'Бир оператордун бардык байланыш түзмөктөрү бир убакта унчукпай калды.',
      ru: 'Разом замолчали все устройства связи одного оператора.',
      en: 'All gateways of one operator have fallen silent at once.',
    },
    consequence: {
      ky: 'Бул түзмөктөрдүн абалы азыр белгисиз. Бул суу же жарык өчтү дегенди билдирбейт.',
      ru: 'Что с этими устройствами, сейчас неизвестно. Это не значит, что нет воды или света.',
      en: 'The state behind them is unknown. It does not mean that water or light is off.',
    },
    action: {
      ky: 'Операторго чалып, качан оңдоло турганын сураңыз. Маанилүү жерлерди барып көрүңүз.',
      ru: 'Позвоните оператору и узнайте срок. Важные места осмотрите сами.',
      en: 'Call the operator and ask how long. Look at the important places yourself.',
    },
  },
  'power-outage': {
    priority: 'high',
    title: {
      ky: 'Электр тармагында жарык өчтү',
      ru: 'Отключение электроэнергии',
      en: 'Power outage of the utility',
    },
    cause: {
      ky: 'Электр тармагындагы бузулуу же өчүрүү.',
      ru: 'Авария или отключение в электросети.',
      en: 'A fault or a switch-off in the utility’s network.',
    },
    consequence: {
      ky: 'Насос токтойт, суу сактагычтагы суу гана калат; көчө жарыгы күйбөйт.',
      ru: 'Насос стоит, воды столько, сколько в резервуарах; улицы не освещены.',
      en: 'The pump stands still, there is only the water in the reservoirs; the streets are dark.',
    },
    action: {
      ky: 'Электр тармагына чалып, качан келерин сураңыз. Суу сактагычтын деңгээлин байкап, керек болсо элге кабарлаңыз.',
      ru: 'Позвоните в электросети и узнайте срок. Следите за уровнем в резервуарах, при нужде предупредите жителей.',
      en: 'Call the utility and ask how long. Watch the reservoirs’ levels and warn people if need be.',
    },
  },
} as const satisfies Record<string, ServerCondition>;

export type ServerConditionId = keyof typeof CONDITIONS;

export const SERVER_CONDITIONS: ReadonlyMap<string, ServerCondition & RuleTexts> = new Map(
  Object.entries(CONDITIONS).map(([id, condition]) => {
    return [id, { ...condition, respondWithinMin: RESPOND_WITHIN_MIN[condition.priority] }];
  }),
);

/** Its key has no dot and so is never that of a rule on a device. */
export function serverConditionKey(id: ServerConditionId, part: string | null = null): string {
  return part === null ? id : `${id}:${part}`;
}

/** `part`: the operator or the supply that is meant, where it is not the whole site. */
export function raiseOfServer(
  id: ServerConditionId,
  at: number,
  { site = null, part = site }: { readonly site?: SiteId | null; readonly part?: string | null } = {},
): ConditionRaise {
  return {
    kind: 'raise',
    key: serverConditionKey(id, part),
    rule: id,
    detector: 'server',
    priority: CONDITIONS[id].priority,
    at,
    isHistorical: false,
    latches: false,
    settleS: 0,
    site,
    asset: null,
    device: null,
    metric: null,
    value: null,
    limit: null,
    values: part === null || part === site ? {} : { part },
  };
}
