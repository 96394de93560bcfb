/** The words of messages in three languages. What is inserted stands behind a colon: no ending is glued to it. */
import type { Person } from '../../../model/person.ts';
import type { Priority } from '../../../model/rule.ts';

export type Language = Person['language'];

export interface Phrases {
  readonly priority: Readonly<Record<Priority, string>>;
  readonly where: string;
  readonly todo: string;
  readonly value: string;
  readonly limit: string;
  readonly since: string;
  readonly until: string;
  readonly respond: string;
  readonly repeat: string;
  readonly inDoubt: string;
  readonly behind: string;
  /** Over, and nobody has acknowledged it. */
  readonly cleared: string;
  /** Over, and somebody had. */
  readonly over: string;
  readonly lasted: string;
  readonly server: string;
  readonly alarms: string;
  readonly more: string;
  readonly allWell: string;
  readonly open: string;
  readonly muted: string;
  readonly blind: string;
  readonly wasBlind: string;
  readonly wasOff: string;
  readonly acknowledge: string;
  readonly acknowledged: string;
  readonly tooLate: string;
  readonly notAllowed: string;
  readonly test: string;
  readonly testText: string;
  readonly minutes: string;
  readonly hours: string;
  readonly days: string;
  /** Of an alarm's `values`; what has no word here is not shown. */
  readonly facts: Readonly<Record<string, string>>;
  /** Where it is written otherwise than in the plant. */
  readonly units: Readonly<Record<string, string>>;
}

const CYRILLIC_UNITS = {
  ...{ m: 'м', m3: 'м³', bar: 'бар', 'mg/L': 'мг/л', degC: '°C' },
  ...{ W: 'Вт', V: 'В', A: 'А', mA: 'мА', dBm: 'дБм' },
};

const PHASES = { l1: 'L1', l2: 'L2', l3: 'L3' };

export const PHRASES: Readonly<Record<Language, Phrases>> = {
  ky: {
    priority: { critical: 'өтө кооптуу', high: 'жогорку', medium: 'орто', low: 'төмөн' },
    where: 'Кайда',
    todo: 'Эмне кылуу керек',
    value: 'Көрсөткүч',
    limit: 'чек',
    since: 'Башталышы',
    until: 'Бүтүшү',
    respond: 'Жооп берүү мөөнөтү',
    repeat: 'Кайталоо',
    inDoubt: 'Кайра жөнөтүлдү: биринчиси жеткени белгисиз',
    behind: 'Кесепеттери',
    cleared: 'Нормага келди, кабыл алынган эмес',
    over: 'Нормага келди',
    lasted: 'Узактыгы',
    server: 'Сервер',
    alarms: 'Авариялык билдирүүлөр',
    more: 'Дагы',
    allWell: 'Баары жайында',
    open: 'Ачык билдирүүлөр',
    muted: 'Кийинкиге калтырылган же колдонуудан чыгарылган',
    blind: 'Байланыш жок. Башталышы',
    wasBlind: 'Байланыш болгон эмес',
    wasOff: 'Сервер иштеген эмес',
    acknowledge: 'Кабыл алдым',
    acknowledged: 'Кабыл алынды',
    tooLate: 'Мурда кабыл алынган же бүткөн',
    notAllowed: 'Буга укугуңуз жок',
    test: 'Aimak Watch: сыноо билдирүүсү',
    testText: 'Билдирүүлөр бул жол менен келет.',
    minutes: 'мүн.',
    hours: 'саат',
    days: 'күн',
    facts: { perHour: 'Саатына', unchangedH: 'Өзгөрбөгөн убакыт, саат', runH: 'Иштеген убакыт, саат', ...PHASES },
    units: { ...CYRILLIC_UNITS, 'm3/h': 'м³/саат', h: 'саат', kWh: 'кВт·саат' },
  },
  ru: {
    priority: { critical: 'критическая', high: 'высокая', medium: 'средняя', low: 'низкая' },
    where: 'Где',
    todo: 'Что делать',
    value: 'Показание',
    limit: 'порог',
    since: 'Начало',
    until: 'Конец',
    respond: 'Время на реакцию',
    repeat: 'Повтор',
    inDoubt: 'Повторно: неизвестно, дошло ли первое сообщение',
    behind: 'Следствия',
    cleared: 'Норма восстановлена, не принято',
    over: 'Норма восстановлена',
    lasted: 'Длительность',
    server: 'Сервер',
    alarms: 'Тревоги',
    more: 'Ещё',
    allWell: 'Всё в порядке',
    open: 'Открытые тревоги',
    muted: 'Отложено или выведено из работы',
    blind: 'Нет связи. Начало',
    wasBlind: 'Не было связи',
    wasOff: 'Сервер не работал',
    acknowledge: 'Принял',
    acknowledged: 'Принято',
    tooLate: 'Уже принято или закончилось',
    notAllowed: 'У вас нет на это права',
    test: 'Aimak Watch: проверочное сообщение',
    testText: 'Сообщения приходят этим путём.',
    minutes: 'мин',
    hours: 'ч',
    days: 'сут.',
    facts: { perHour: 'В час', unchangedH: 'Без изменений, ч', runH: 'Наработка, ч', ...PHASES },
    units: { ...CYRILLIC_UNITS, 'm3/h': 'м³/ч', h: 'ч', kWh: 'кВт·ч' },
  },
  en: {
    priority: { critical: 'critical', high: 'high', medium: 'medium', low: 'low' },
    where: 'Where',
    todo: 'What to do',
    value: 'Value',
    limit: 'limit',
    since: 'Since',
    until: 'Until',
    respond: 'Respond within',
    repeat: 'Reminder',
    inDoubt: 'Sent again: it is not known whether the first arrived',
    behind: 'Alarms behind it',
    cleared: 'Cleared, not acknowledged',
    over: 'Back to normal',
    lasted: 'Lasted',
    server: 'Server',
    alarms: 'Alarms',
    more: 'More',
    allWell: 'All is well',
    open: 'Open alarms',
    muted: 'Shelved or out of service',
    blind: 'Blind since',
    wasBlind: 'Was blind',
    wasOff: 'The server did not run',
    acknowledge: 'Acknowledge',
    acknowledged: 'Acknowledged',
    tooLate: 'Acknowledged before, or over',
    notAllowed: 'You may not do this',
    test: 'Aimak Watch: test message',
    testText: 'Messages come this way.',
    minutes: 'min',
    hours: 'h',
    days: 'd',
    facts: { perHour: 'Per hour', unchangedH: 'Unchanged, h', runH: 'Hours run', ...PHASES },
    units: { m3: 'm³', 'm3/h': 'm³/h', degC: '°C' },
  },
};
