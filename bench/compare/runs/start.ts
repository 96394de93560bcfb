/** From the start of the process to its first answer, with a month in the store. */
import { join } from 'node:path';
import { writeLargePlant } from '../../large-plant.ts';
import { peakResidentMb } from '../../proc.ts';
import { median } from '../../statistics.ts';
import { type CompareRun, less } from '../compare-run.ts';
import { copyMonth, DEVICES, fillMonth } from './filled.ts';

const STARTS = 3;

export const start: CompareRun = {
  figures: [less('from start to answer', 'ms'), less('resident memory by then', 'MB')],
  prepare: fillMonth,
  async measure(turn) {
    copyMonth(turn);
    const { config } = writeLargePlant(turn.folder, DEVICES);
    const tookMs: number[] = [];
    const peakMb: number[] = [];
    for (let i = 0; i < STARTS; i++) {
      const startedAt = performance.now();
      const server = await turn.start({ config, dataDir: join(turn.folder, 'data') });
      await server.get('/api/live');
      tookMs.push(performance.now() - startedAt);
      peakMb.push(peakResidentMb(server.pid));
      await server.stop();
    }
    return [median(tookMs), median(peakMb)];
  },
};
