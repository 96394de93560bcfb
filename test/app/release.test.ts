import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RELEASE } from '../../app/release.ts';
import { ROOT } from '../harness/server.ts';

it('a new version brings its date along: a clock that is behind it is wrong', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(RELEASE.version).toBe(version);
  expect(Date.parse(RELEASE.date)).toBeGreaterThan(Date.UTC(2026, 0, 1));
});
