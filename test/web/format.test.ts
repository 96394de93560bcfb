import { describe, expect, it } from 'vitest';
import {
  ago,
  clockTime,
  dayAndMonth,
  deadline,
  decimal,
  moment,
  quantity,
  span,
} from '../../dashboard/web/view/format.ts';

const BISHKEK = 'Asia/Bishkek';
/** 20 January 2026, 23:30 UTC: already the 21st in Bishkek. */
const LATE_EVENING_UTC = Date.UTC(2026, 0, 20, 23, 30);

describe('numbers', () => {
  it('have a comma in Russian and Kyrgyz, and a point in English', () => {
    expect(decimal(3.2, 2, 'ru')).toBe('3,20');
    expect(decimal(3.2, 2, 'ky')).toBe('3,20');
    expect(decimal(3.2, 2, 'en')).toBe('3.20');
  });

  it('have a space between thousands', () => {
    expect(decimal(88210, 0, 'ky').replace(/\s/, ' ')).toBe('88 210');
  });

  it('have a true minus and no minus zero', () => {
    expect(decimal(-3.2, 1, 'ru')).toBe('−3,2');
    expect(decimal(-0.001, 1, 'ru')).toBe('0,0');
  });

  it('have the decimals of their unit', () => {
    expect(quantity(2.456, 'm', 'en').text).toBe('2.46');
    expect(quantity(12.345, 'm3/h', 'en').text).toBe('12.3');
    expect(quantity(226.4, 'V', 'en').text).toBe('226');
  });

  it('of watts turn to kilowatts from a thousand on', () => {
    expect(quantity(840, 'W', 'ru')).toEqual({ text: '840', unit: 'W' });
    expect(quantity(38_200, 'W', 'ru')).toEqual({ text: '38,20', unit: 'kW' });
  });
});

describe('times', () => {
  it('are those of the place, not of the reader', () => {
    expect(clockTime(LATE_EVENING_UTC, BISHKEK)).toBe('05:30');
    expect(dayAndMonth(LATE_EVENING_UTC, BISHKEK, 'en')).toBe('21 Jan');
  });

  it('name the month in Kyrgyz without the browser knowing Kyrgyz', () => {
    expect(dayAndMonth(LATE_EVENING_UTC, BISHKEK, 'ky')).toBe('21-янв.');
  });

  it('tell the day only when it is another', () => {
    expect(moment(LATE_EVENING_UTC, LATE_EVENING_UTC + 3_600_000, BISHKEK, 'ru')).toBe('05:30');
    expect(moment(LATE_EVENING_UTC, LATE_EVENING_UTC + 86_400_000, BISHKEK, 'en')).toBe('21 Jan, 05:30');
  });

  it.each([
    [-500, 'agoS', 0],
    [45_000, 'agoS', 45],
    [6 * 60_000, 'agoMin', 6],
    [3 * 3_600_000, 'agoH', 3],
    [49 * 3_600_000, 'agoD', 2],
  ])('%i ms ago are told in %s', (ageMs, key, n) => {
    expect(ago(ageMs)).toEqual({ key, n });
  });

  it('of a forecast are rough', () => {
    expect(span(9.3)).toEqual({ key: 'spanH', n: 9 });
    expect(span(0.6)).toEqual({ key: 'spanMin', n: 35 });
  });

  it.each([
    [30, 'spanMin', 30],
    [240, 'spanH', 4],
    [24 * 60, 'spanH', 24],
    [48 * 60, 'spanD', 2],
    [7 * 24 * 60, 'spanD', 7],
  ])('of a deadline of %i min are told in %s', (minutes, key, n) => {
    expect(deadline(minutes)).toEqual({ key, n });
  });
});
