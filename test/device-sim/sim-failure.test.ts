/** A village whose hydraulics fail while it runs. */
import { expect, it } from 'vitest';
import { type Engine, loadEngine } from '../../device-sim/water/epanet.ts';
import { silentLog } from '../harness/readings.ts';
import { fakeClock, fakeLink, simulators, until } from './running.ts';
import { HOUR_MS, NOVEMBER } from './village.ts';

const village = simulators();

/** EPANET, until it is told to fail. */
async function failingEngine(): Promise<{ engine: Engine; fail(sentence: string): void }> {
  const engine = await loadEngine();
  let failure: string | null = null;
  return {
    fail(sentence) {
      failure = sentence;
    },
    engine: {
      createProject() {
        const project = engine.createProject();
        return {
          close: project.close,
          open(inp) {
            const toolkit = project.open(inp);
            const runH = toolkit.runH.bind(toolkit);
            toolkit.runH = () => {
              if (failure !== null) throw new Error(failure);
              return runH();
            };
            return toolkit;
          },
        };
      },
    },
  };
}

it('says that it has stopped and why, keeps nobody waiting, and stops cleanly', async () => {
  const { engine, fail } = await failingEngine();
  const [link, clock] = [fakeLink(), fakeClock(NOVEMBER + HOUR_MS)];
  const sim = await village.start(link, clock, { backfillDays: 0, engine, log: silentLog });
  await until(() => sim.status().phase === 'live' && clock.sleepers() > 0);
  expect(sim.status().failure).toBeNull();
  const phases: string[] = [];
  sim.onProgress(({ phase }) => phases.push(phase));

  fail('the system is ill-conditioned');
  sim.setPace({ isPaused: true });
  await clock.advance(2 * HOUR_MS);
  await sim.step(HOUR_MS);
  expect(phases.at(-1)).toBe('failed');
  expect(sim.status()).toMatchObject({ phase: 'failed', failure: 'the system is ill-conditioned' });
  const said = link.lines.length;
  await sim.step(HOUR_MS);
  expect(link.lines.length).toBe(said);
  await sim.stop();
});
