/** The simulated units, read by a client that this project did not write: Debian's mbpoll. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.ts';
import { NO_MBPOLL, poll } from '../../harness/mbpoll.ts';
import { NO_SOCAT, startPtyPair } from '../../harness/pty.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { HOUR_MS, NOVEMBER, newTown } from '../village.ts';
import { bridgeFile, createUnitsFor } from './bus.ts';

const WHY_NOT = NO_MBPOLL ?? NO_SOCAT;
const startUnits = createUnitsFor(onTestFinished);

/** The devices of the demo village as meters that one can buy. */
const UNITS = [
  { unit: 1, device: 'meter-upper', profile: 'tuf-2000m' },
  { unit: 2, device: 'cab-1-meter', profile: 'sdm630' },
  { unit: 3, device: 'tank-1-level', profile: 'wb-mai6', channel: 2, levelAt4mA: 0, levelAt20mA: 5 },
  { unit: 4, device: 'meter-lower', profile: 'wb-mcm8-water', channel: 1, litresPerPulse: 10 },
  { unit: 5, device: 'circuit-1', profile: 'wb-mr6c', channel: 3, input: 4 },
];

/** One night hour of the village: its lamps burn. */
async function village() {
  const town = await newTown();
  town.step(NOVEMBER + HOUR_MS);
  return { town, values: (device: string) => town.values(device), nowMs: () => town.nowMs, faults: town.board };
}

async function expectTheVillage(place: readonly string[], { town }: Awaited<ReturnType<typeof village>>) {
  const of = (device: string, metric: string) => Number(town.values(device)[metric]);
  const near = (value: number) => expect.closeTo(value, Math.abs(value) < 10 ? 4 : 2);
  // Low word first is what mbpoll expects; -B: high word first.
  expect(await poll(place, 1, '-t 4:float -r 0 -c 1')).toEqual([near(of('meter-upper', 'flow_rate'))]);
  expect(await poll(place, 1, '-t 4:int -r 8 -c 1')).toEqual([Math.trunc(of('meter-upper', 'volume_total'))]);
  const volts = ['voltage_l1', 'voltage_l2', 'voltage_l3'].map((metric) => near(of('cab-1-meter', metric)));
  expect(await poll(place, 2, '-t 3:float -B -r 0 -c 3')).toEqual(volts);
  expect(of('cab-1-meter', 'active_power')).toBeGreaterThan(1000);
  const [watts] = await poll(place, 2, '-t 3:float -B -r 52 -c 1');
  expect(watts).toBeCloseTo(of('cab-1-meter', 'active_power'), 0);
  const [nanoamps] = await poll(place, 3, `-t 3:int -B -r ${0x2500} -c 1`);
  expect((((nanoamps ?? 0) / 1e6 - 4) / 16) * 5).toBeCloseTo(of('tank-1-level', 'level'), 4);
  const pulses = Math.round(of('meter-lower', 'volume_total') * 100);
  expect(await poll(place, 4, '-t 3:int -B -r 60 -c 1')).toEqual([pulses]);
  expect(await poll(place, 5, '-t 0 -r 0 -c 6')).toEqual([
    0,
    0,
    Number(town.values('circuit-1').contactor_on),
    0,
    0,
    0,
  ]);
  expect(await poll(place, 5, '-t 1 -r 3 -c 1')).toEqual([1]);
  await expect(poll(place, 1, '-t 4 -r 5000 -c 1')).rejects.toThrow(/Illegal data address/);
}

describe('mbpoll', () => {
  beforeEach(({ skip }) => {
    if (WHY_NOT) skip(WHY_NOT);
  });

  it('reads over TCP what the village measures', async () => {
    const [sim, port] = [await village(), await freePort()];
    const tcp = { host: '127.0.0.1', port };
    await startUnits({ ...sim, bridgeFile: bridgeFile({ id: 'b1', tcp, units: UNITS }) });
    await expectTheVillage(['-m', 'tcp', '-p', String(port), '127.0.0.1'], sim);
  });

  it('reads over a serial line what the village measures', async () => {
    const sim = await village();
    const { ends, stop } = await startPtyPair(temporaryFolder());
    onTestFinished(stop);
    const [near, far] = ends;
    const rtu = { path: far, simPath: near, baud: 19_200, parity: 'even' };
    await startUnits({ ...sim, bridgeFile: bridgeFile({ id: 'b1', rtu, units: UNITS }) });
    await expectTheVillage(['-m', 'rtu', '-b', '19200', '-P', 'even', far], sim);
  });
});
