import { expect, it } from 'vitest';
import { linkState } from '../../dashboard/web/live/link-state.ts';

const START = 1_000_000;

it.each([
  ['connects before the first frame', null, 3_000, 'connecting'],
  ['is blind when no first frame comes', null, 15_001, 'blind'],
  ['is live with a frame just in', 0, 5_000, 'live'],
  ['is live up to a missed heartbeat', 0, 8_000, 'live'],
  ['is weak after 8 s of silence', 0, 8_001, 'weak'],
  ['is blind after 15 s of silence', 0, 15_001, 'blind'],
] as const)('%s', (_, frameAfterMs, nowAfterMs, expected) => {
  const lastFrameAt = frameAfterMs === null ? null : START + frameAfterMs;
  expect(linkState(lastFrameAt, START, START + nowAfterMs)).toBe(expected);
});
