import { describe, expect, it } from 'vitest';
import { isOwnTopic, parseDeviceTopic, statusTopic, telemetryTopic } from '../../model/topic.ts';

describe('topics (contract 2.1)', () => {
  it('parses what it builds', () => {
    expect(parseDeviceTopic(telemetryTopic('toru', 'tank-1'))).toEqual({
      site: 'toru',
      device: 'tank-1',
      kind: 'telemetry',
    });
    expect(parseDeviceTopic(statusTopic('toru', 'tank-1'))?.kind).toBe('status');
  });

  it.each([
    'aimak/v1/toru/tank-1',
    'aimak/v1/toru/tank-1/command',
    'aimak/v1/toru/tank-1/telemetry/more',
    'aimak/v1/Toru/tank-1/telemetry',
    'aimak/v1/toru/-tank/telemetry',
    `aimak/v1/toru/${'a'.repeat(64)}/telemetry`,
    'aimak/v2/toru/tank-1/telemetry',
    'other/v1/toru/tank-1/telemetry',
    '',
  ])('takes %s for no device topic', (topic) => {
    expect(parseDeviceTopic(topic)).toBeNull();
  });

  it('claims its own root only', () => {
    expect(isOwnTopic('aimak/v1/x')).toBe(true);
    expect(isOwnTopic('aimak/v10/x')).toBe(false);
    expect(isOwnTopic('home/kitchen')).toBe(false);
  });
});
