import { beforeAll, describe, expect, it } from 'vitest';
import { readYamlFile } from '../../../app/config/yaml-file.ts';
import { byUrgency, morningOf } from '../../../ingest/alarms/notify/morning.ts';
import type { DuePage } from '../../../ingest/alarms/notify/policy.ts';
import { createWording, type Wording } from '../../../ingest/alarms/notify/wording.ts';
import { createTopology } from '../../../ingest/alarms/topology.ts';
import type { Alarm } from '../../../model/alarm.ts';
import type { ConditionRaise } from '../../../model/condition.ts';
import { parseRules } from '../../../model/rule-file.ts';
import { raiseOfServer } from '../../../model/server-condition.ts';
import { raisedAlarm } from '../../harness/alarms.ts';
import { tankLow } from '../../harness/readings.ts';
import { ROOT } from '../../harness/server.ts';
import { villagePlant } from '../alarms/village-world.ts';
import { person } from './notify-world.ts';

const AT = Date.parse('2026-11-23T07:05:00Z');
const plant = villagePlant();
let wording: Wording;

beforeAll(() => {
  const rules = parseRules(readYamlFile(`${ROOT}/config/rules.yaml`).content, { plant: null });
  if (!rules.ok) throw new Error(JSON.stringify(rules.faults));
  const topology = createTopology(plant);
  wording = createWording({ plant, rules: rules.value, topology, timeZone: 'Asia/Bishkek' });
});

const alarm = (facts: Partial<ConditionRaise> = {}): Alarm =>
  raisedAlarm({ ...tankLow, at: AT, site: 'upper' as never, device: 'upper-gw-1-level' as never, ...facts });
const page = (language: string, of: Alarm, step: DuePage['step'] = 0): DuePage => ({
  told: { alarm: of, round: 1, releasedFrom: null },
  step,
  person: person('aida', { language }),
  isInDoubt: false,
});
const write = (...pages: [DuePage, ...DuePage[]]) => wording.message({ kind: 'page', pages });

describe('a message', () => {
  it('says in Kyrgyz what, where, what to do, how bad and since when', () => {
    expect(write(page('ky', alarm()))).toMatchObject({
      subject: 'Суу сактагычта суу аз (өтө кооптуу)',
      text: [
        'Кайда: upper-gw-1-level, upper',
        'Эмне кылуу керек: Насосту текшериңиз. Ал иштесе, жарылган жерди издеңиз. Элге суу үнөмдөөнү кабарлаңыз.',
        'Көрсөткүч: 0,7 м (чек: 0,8 м)',
        'Башталышы: 23.11, 13:05',
        'Жооп берүү мөөнөтү: 30 мүн.',
      ].join('\n'),
    });
  });

  it('names the street of a lighting circuit, and in Russian the number of its repeat', () => {
    const dark = alarm({
      rule: 'breaker-tripped',
      device: 'upper-gw-1-meter' as never,
      metric: 'breaker_closed' as never,
    });
    const { text } = write(page('ru', { ...dark, childCount: 3 }, 2));
    expect(text.split('\n')[0]).toBe('Где: circuit-upper, upper-gw-1-meter, upper');
    expect(text).toContain('Повтор: 2\nСледствия: 3');
    expect(text).not.toContain('Показание');
  });

  it('of the server names the part that is meant', () => {
    const { subject, text } = write(page('en', raisedAlarm(raiseOfServer('operator-away', AT, { part: 'Beeline' }))));
    expect(subject).toBe('The mobile operator’s network is down (high)');
    expect(text).toContain('Where: Beeline, Server\nWhat to do: Call the operator');
  });

  it('that it is over says when', () => {
    const over = { ...alarm(), state: 'returned-unacknowledged', returnedAt: AT + 3_600_000 } as const;
    expect(write(page('ru', over, 'cleared'))).toMatchObject({
      subject: 'Норма восстановлена, не принято: Мало воды в резервуаре',
      text: 'Где: upper-gw-1-level, upper\nНачало: 23.11, 13:05\nКонец: 23.11, 14:05\nДлительность: 60 мин',
    });
  });

  it('of many alarms counts them by what they are, the most urgent first, and goes on for ten lines at most', () => {
    const low = Array.from({ length: 3 }, (_, i) => page('ky', alarm({ key: `k${i}` })));
    const other = page('ky', alarm({ rule: 'tank-near-overflow', priority: 'high' }));
    expect(write(other, ...low)).toMatchObject({
      subject: 'Авариялык билдирүүлөр: 4',
      text: 'Кайда: upper\nСуу сактагычта суу аз (өтө кооптуу): 3\nСуу сактагыч ашып төгүлөйүн деп калды (жогорку): 1',
      facts: { kind: 'digest', count: 4 },
    });
    const many = Array.from({ length: 40 }, (_, i) => page('en', alarm({ rule: `rule-${i}` })));
    expect(write(page('en', alarm()), ...many).text.split('\n')).toHaveLength(12);
    expect(write(page('en', alarm()), ...many).text).toContain('More: 31');
  });

  it('of the morning lists what is open, in each language', () => {
    const standing = [alarm({ key: 'a', priority: 'medium' }), alarm({ key: 'b' })];
    for (const [language, subject] of [
      ['ky', 'Ачык билдирүүлөр: 2'],
      ['ru', 'Открытые тревоги: 2'],
      ['en', 'Open alarms: 2'],
    ] as const) {
      const aida = person('aida', { language });
      const message = wording.morning(
        aida,
        morningOf(aida, { date: '2026-11-24', standing, recent: [], off: [], now: AT }),
      );
      expect(message.subject).toBe(subject);
      expect(message.text.split('\n')).toHaveLength(3);
    }
    expect(standing.toSorted(byUrgency)[0]?.key).toBe('b');
  });
});
