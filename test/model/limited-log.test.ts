import { describe, expect, it } from 'vitest';
import { createLimitedLog, type LogLimits } from '../../model/limited-log.ts';
import { shortText } from '../../model/short-text.ts';

function world(limits?: Partial<LogLimits>) {
  const clock = { ms: 0 };
  const lines: [string, object][] = [];
  const note = (facts: object, sentence: string): void => {
    lines.push([sentence, facts]);
  };
  const log = createLimitedLog({ info: note, warn: note, error: note }, () => clock.ms, limits);
  return { clock, lines, log };
}

describe('a log for what strangers bring about', () => {
  it('tells one line a minute a kind, with how many it did not tell', () => {
    const { clock, lines, log } = world();
    for (let i = 0; i < 1_000; i++) log.warn({ client: `c${i}` }, 'client lost');
    log.warn({}, 'cut off');
    clock.ms = 60_000;
    log.warn({ client: 'late' }, 'client lost');
    expect(lines).toEqual([
      ['client lost', { client: 'c0' }],
      ['cut off', {}],
      ['client lost', { client: 'late', more: 999 }],
    ]);
  });

  it('tells of what was kept back also where nothing more comes, and then keeps silent', () => {
    const { clock, lines, log } = world();
    for (let i = 0; i < 3; i++) log.warn({}, 'client lost');
    for (clock.ms = 1_000; clock.ms <= 600_000; clock.ms += 1_000) log.tick();
    expect(lines).toEqual([
      ['client lost', {}],
      ['more of the same: client lost', { more: 2 }],
    ]);
  });

  it('tells of so many kinds a minute, whatever kinds are invented, and of how many lines more', () => {
    const { clock, lines, log } = world({ kinds: 5 });
    for (let i = 0; i < 1_000; i++) log.warn({}, 'rejected', `kind ${i}`);
    expect(lines).toHaveLength(5);
    clock.ms = 60_000;
    log.tick();
    expect(lines.slice(5)).toEqual([['lines of further kinds were not written', { more: 995 }]]);
    log.warn({}, 'rejected', 'kind 7');
    expect(lines).toHaveLength(7);
  });

  it('goes on where the clock is put back', () => {
    const { clock, lines, log } = world();
    clock.ms = 1e12;
    log.warn({}, 'client lost');
    clock.ms = 0;
    log.warn({}, 'client lost');
    expect(lines).toHaveLength(2);
  });

  it('shortens every text of a stranger, and lets none act on a terminal', () => {
    const { lines, log } = world();
    log.warn({ client: 'x'.repeat(65_535), held: 3, topic: 'a\u001b[2J\u202eb\n' }, 'client lost');
    expect(lines[0]?.[1]).toEqual({ client: `${'x'.repeat(100)}… (65535 characters)`, held: 3, topic: 'a·[2J·b·' });
    expect(shortText('ключ', 2)).toBe('кл… (4 characters)');
  });
});
