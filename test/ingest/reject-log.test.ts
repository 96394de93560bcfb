import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Reject } from '../../ingest/accept.ts';
import { createRejectLog } from '../../ingest/reject-log.ts';
import { silentLog } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

const isDevice = (device: string): boolean => device === 'd';
const reject: Reject = {
  reason: 'unknown-metric',
  device: 'd',
  metric: 'levl',
  detail: 'profile "any" has no metric "levl"',
};

describe('the reject log', () => {
  it('keeps every reject as a line, and tells the log once a minute', async () => {
    const file = join(temporaryFolder(), 'rejects.jsonl');
    const said: string[] = [];
    const log = createRejectLog({ file, log: { ...silentLog, warn: (_, sentence) => said.push(sentence) }, isDevice });
    for (let i = 0; i < 5; i++) log.write([reject], 1000 * i);
    log.write([reject], 61_000);
    await log.stop();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(6);
    expect(JSON.parse(lines[0] ?? '')).toEqual({ at: '1970-01-01T00:00:00.000Z', ...reject });
    expect(said).toHaveLength(2);
  });

  it('stays within its size, however much comes', async () => {
    const file = join(temporaryFolder(), 'rejects.jsonl');
    const log = createRejectLog({ file, log: silentLog, isDevice });
    for (let i = 0; i < 10_000; i++) {
      log.write([{ ...reject, detail: 'x'.repeat(1_000) }], i * 60);
      if (i % 100 === 0) await log.stop();
    }
    await log.stop();
    expect(statSync(file).size + statSync(`${file}.1`).size).toBeLessThan(9 * 1024 * 1024);
  });

  it('keeps the first few of a message, and how many more there were', async () => {
    const file = join(temporaryFolder(), 'rejects.jsonl');
    const log = createRejectLog({ file, log: silentLog, isDevice });
    log.write(
      Array.from({ length: 5_000 }, () => reject),
      0,
    );
    await log.stop();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(21);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ at: '1970-01-01T00:00:00.000Z', more: 4_980 });
  });

  it('writes so much a minute and then how much more there was', async () => {
    const file = join(temporaryFolder(), 'rejects.jsonl');
    const log = createRejectLog({ file, log: silentLog, isDevice });
    const written = 4 * 1024 * 1024;
    const lines = 40_000;
    for (let i = 0; i < lines; i++) {
      log.write([{ ...reject, detail: 'x'.repeat(100) }], i);
      if (i % 1_000 === 0) await log.stop();
    }
    log.write([reject], 61_000);
    await log.stop();
    const kept = [`${file}.1`, file].filter((each) => existsSync(each)).map((each) => readFileSync(each, 'utf8'));
    const all = kept.join('').trim().split('\n');
    expect(kept.join('').length).toBeLessThan(written + 1_000);
    const { more } = JSON.parse(all.at(-2) ?? '');
    expect(more + all.length - 2).toBe(lines);
  });

  it('says one line a minute, however many devices a stranger invents', async () => {
    const said: object[] = [];
    const file = join(temporaryFolder(), 'rejects.jsonl');
    const log = createRejectLog({ file, log: { ...silentLog, warn: (facts) => said.push(facts) }, isDevice });
    for (let i = 0; i < 5_000; i++) log.write([{ ...reject, device: `invented-${i}` }], i);
    expect(said).toHaveLength(1);
    log.tick(60_000);
    expect(said).toEqual([expect.objectContaining({ device: 'invented-0' }), { more: 4_999 }]);
    await log.stop();
  });
});
