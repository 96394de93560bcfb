/** Against another program's sun: Debian's python3-ephem (XEphem), every day of a year. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { nextSunAltitude, nextSunEvent, type Place } from '../../model/sun.ts';

/** Debian's own: another python3 on the path does not see its packages. */
const PYTHON = '/usr/bin/python3';
const DAY_MS = 86_400_000;
const FIRST = Date.UTC(2026, 0, 1);
const DAYS = 365;

/**
 * Of each day from its first instant: sunrise and sunset (upper limb, 34' of refraction, no air pressure besides), and
 * when the sun's centre passes -4 degrees, in epoch seconds.
 */
const PROGRAM = `
import ephem, sys
lat, lon, days, first = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
unix = lambda date: (date - ephem.Date('1970/1/1')) * 86400
for day in range(days):
    place = ephem.Observer()
    place.lat, place.lon, place.pressure = lat, lon, 0
    place.date = ephem.Date('1970/1/1') + first / 86400 + day
    sun = ephem.Sun()
    place.horizon = '-0:34'
    row = [place.next_rising(sun), place.next_setting(sun)]
    place.horizon = '-4'
    row += [place.next_rising(sun, use_center=True), place.next_setting(sun, use_center=True)]
    print(*[repr(unix(date)) for date in row])
`;

function ephem({ lat, lon }: Place): number[][] | null {
  const args = ['-c', PROGRAM, String(lat), String(lon), String(DAYS), String(FIRST / 1000)];
  const { status, stdout, stderr } = spawnSync(PYTHON, args, { encoding: 'utf8' });
  if (status === 0)
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
  if (status === null || stderr.includes("No module named 'ephem'")) return null;
  throw new Error(stderr);
}

describe.each([
  ['Bishkek', { lat: 42.87, lon: 74.59 }],
  ['Osh', { lat: 40.53, lon: 72.8 }],
])('over %s', (_, place) => {
  it('the sun rises and sets within a minute of python3-ephem, every day of a year', ({ skip }) => {
    const days = ephem(place);
    if (!days) skip('python3-ephem (Debian) is not installed');
    expect(days?.length).toBe(DAYS);
    const apartS = (days ?? []).flatMap(([rise = 0, set = 0, lightens = 0, darkens = 0], day) => {
      const from = FIRST + day * DAY_MS;
      const ours = [
        nextSunEvent(place, 'sunrise', from),
        nextSunEvent(place, 'sunset', from),
        nextSunAltitude(place, { altitudeDeg: -4, isRising: true }, from),
        nextSunAltitude(place, { altitudeDeg: -4, isRising: false }, from),
      ];
      return [rise, set, lightens, darkens].map((theirs, i) => Math.abs(theirs - (ours[i] ?? Number.NaN) / 1000));
    });
    expect(apartS.length).toBe(4 * DAYS);
    expect(Math.max(...apartS)).toBeLessThan(60);
  });
});
