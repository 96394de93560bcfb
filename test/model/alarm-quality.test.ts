import { describe, expect, it } from 'vitest';
import { type Announced, alarmQuality, type Episode } from '../../model/alarm-quality.ts';

const TEN_MIN = 600_000;
const DAY = 144 * TEN_MIN;
const question = { from: 0, to: DAY, operators: 1 };

function announced(at: number, fields: Partial<Announced> = {}): Announced {
  return { kind: 'raise', at, told: 'raised', source: 'a', rule: 'r', site: 'toru', priority: 'high', ...fields };
}

const many = (count: number, at: number) => Array.from({ length: count }, () => announced(at));

describe('alarm quality (ISA-18.2)', () => {
  it('is calm without alarms', () => {
    expect(alarmQuality([], [], question)).toMatchObject({
      announced: 0,
      perTenMinutes: 0,
      maxInTenMinutes: 0,
      floodPercent: 0,
    });
  });

  it('counts what people were told of, per operator and ten minutes', () => {
    const events = [...many(12, 0), ...many(4, 700_000), announced(5, { told: null }), announced(6, { told: 'again' })];
    const quality = alarmQuality(events, [], { ...question, to: 4 * TEN_MIN });
    expect(quality).toMatchObject({ announced: 16, perTenMinutes: 4, maxInTenMinutes: 12, periodsOverTenPercent: 25 });
    expect(alarmQuality(events, [], { ...question, to: 4 * TEN_MIN, operators: 2 })).toMatchObject({
      maxInTenMinutes: 6,
      periodsOverTenPercent: 0,
    });
  });

  it('is in flood from more than ten on until fewer than five', () => {
    const events = [12, 6, 5, 4, 10].flatMap((count, i) => many(count, i * TEN_MIN));
    expect(alarmQuality(events, [], { ...question, to: 10 * TEN_MIN }).floodPercent).toBe(30);
  });

  it('names the top sources and the mix of priorities', () => {
    const events = [...many(3, 0), announced(9, { source: 'b', priority: 'low' })];
    const { topSources, priorityMix } = alarmQuality(events, [], question);
    expect(topSources.map(({ source, percent }) => [source, percent])).toEqual([
      ['a', 75],
      ['b', 25],
    ]);
    expect(priorityMix).toEqual({ critical: 0, high: 75, medium: 0, low: 25 });
  });

  it('calls chattering what came three times within a minute, told or not', () => {
    const quiet = [0, 30_000, 60_000].map((at) => announced(at, { told: null }));
    const slow = [0, 30_001, 60_001].map((at) => announced(at, { source: 'slow' }));
    expect(alarmQuality([...quiet, ...slow], [], question).chattering).toEqual([{ source: 'a', count: 3 }]);
  });

  it('calls stale what was open for more than a day at the end, and muted by nobody', () => {
    const episode: Episode = {
      id: 'open',
      key: 'k',
      rule: 'r',
      site: null,
      raisedAt: 0,
      clearedAt: null,
      isMuted: false,
    };
    const episodes = [
      episode,
      { ...episode, id: 'shelved', isMuted: true },
      { ...episode, id: 'young', raisedAt: 5 },
      { ...episode, id: 'over', clearedAt: DAY },
      { ...episode, id: 'over later', clearedAt: DAY + 2 },
    ];
    expect(alarmQuality([], episodes, { ...question, to: DAY + 1 }).stale).toEqual(['open', 'over later']);
  });
});
