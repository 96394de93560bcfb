/** A false clock for tests, whose file goes with the test file's folders. */
import { join } from 'node:path';
import { createFakeTimeIn, type FakeTime, NO_FAKETIME } from './faketime.ts';
import { temporaryFolder } from './server.ts';

export { type FakeTime, NO_FAKETIME };

export const createFakeTime = (offS = 0): FakeTime => createFakeTimeIn(join(temporaryFolder(), 'time'), offS);
