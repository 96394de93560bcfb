/** The source against real brokers: what it promises must hold with each of them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missingBroker, OUTSIDE_BROKERS, type OutsideBroker } from '../harness/outside-broker.ts';
import { eventually } from '../harness/process.ts';
import { anyBroker, testDevice, testSource } from './mqtt-source-harness.ts';

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`);
const sorted = (taken: readonly string[]): string[] => [...taken].sort((a, b) => Number(a) - Number(b));

/** NATS sends again only after that time. */
const soon = (config: string): string => config.replace('ack_wait: "10s"', 'ack_wait: "1s"');

describe.each(['embedded', ...OUTSIDE_BROKERS] as const)('a source of telemetry at %s', (kind) => {
  const missing = kind === 'embedded' ? null : missingBroker(kind);
  let broker: OutsideBroker;
  let count = 0;

  beforeAll(async () => {
    if (missing === null) broker = await anyBroker(kind, { replace: soon });
  });
  beforeEach(({ skip }) => {
    if (missing !== null) skip(missing);
  });
  afterAll(() => broker?.kill());

  /** A source whose subscription stands, on a session of its own, and a device. */
  async function begin(clientId = `source-${kind}-${count++}`) {
    const source = testSource(broker.url, { clientId, times: { leaseMs: 300, renewMs: 100 } });
    const device = await testDevice(broker.url);
    await eventually(
      async () => {
        await device.send(-1);
        return source.taken.length;
      },
      (taken) => taken > 0,
    );
    const tests = { clientId, source, device, readings: () => source.taken.filter((payload) => payload !== '-1') };
    return tests;
  }

  it('brings again, after a restart, what was delivered and not committed', async () => {
    const { clientId, source, device, readings } = await begin();
    await device.send(...numbers(0, 50).map(Number));
    await eventually(readings, (taken) => taken.length === 50);
    await source.stop();
    const again = testSource(broker.url, { clientId });
    again.commitAll();
    const fresh = () => again.taken.filter((payload) => payload !== '-1');
    await eventually(fresh, (taken) => taken.length >= 50);
    expect(sorted(fresh())).toEqual(numbers(0, 50));
  });

  it('acknowledges what is committed: it does not come again', async () => {
    const { clientId, source, device, readings } = await begin();
    source.commitAll();
    await device.send(...numbers(0, 50).map(Number));
    await eventually(readings, (taken) => taken.length === 50);
    await eventually(
      () => source.health().held.messages,
      (held) => held === 0,
    );
    // A message of the same session overtakes no earlier one: once it is here, nothing else can come.
    await device.send(50);
    await eventually(readings, (taken) => taken.length === 51);
    await source.stop();
    const again = testSource(broker.url, { clientId });
    again.commitAll();
    await device.send(51);
    await eventually(
      () => again.taken,
      (taken) => taken.includes('51'),
    );
    expect(again.taken.filter((payload) => Number(payload) >= 0 && Number(payload) < 50)).toEqual([]);
  });

  it('gets again what ingest could not take', async () => {
    const { source, device, readings } = await begin();
    await device.send(7);
    await eventually(readings, (taken) => taken.length === 1);
    source.refuseAll();
    await eventually(readings, (taken) => taken.length === 2);
    expect(source.lines).toContainEqual(expect.stringContaining('not taken: the disk is full'));
    source.commitAll();
    await device.send(8);
    await eventually(readings, (taken) => taken.includes('8'));
  });

  it('reads no further than it may hold, and goes on as the disk does', async () => {
    const { clientId, source, device } = await begin();
    source.commitAll();
    await source.stop();
    await device.send(...numbers(0, 30).map(Number));
    const small = testSource(broker.url, { clientId, limits: { messages: 10 } });
    const fresh = () => sorted(small.taken.filter((payload) => payload !== '-1'));
    await eventually(
      () => small.health().held.messages,
      (held) => held === 10,
    );
    expect(small.taken).toHaveLength(10);
    small.commitAll();
    await eventually(
      () => new Set(fresh()).size,
      (size) => size === 30,
    );
  });

  it('takes a retained reading as any other, and probes of others for none', async () => {
    const { source, device, readings } = await begin();
    source.commitAll();
    await device.publishAsync('aimak/v1/toru/aimak-ingest/telemetry', '{"probe":"other"}', { qos: 1 });
    await device.publishAsync('aimak/v1/toru/tank-1-level/telemetry', '60', { qos: 1, retain: true });
    await eventually(readings, (taken) => taken.includes('60'));
    expect(readings()).not.toContainEqual(expect.stringContaining('probe'));
    await device.publishAsync('aimak/v1/toru/tank-1-level/telemetry', '', { qos: 1, retain: true });
  });

  it('loses nothing when the broker stops and starts again', async () => {
    const { source, device, readings } = await begin();
    source.commitAll();
    await device.send(...numbers(0, 20).map(Number));
    await broker.stop();
    await eventually(
      () => source.health(),
      ({ connected, reason }) => !connected && reason !== null && reason.includes('ECONNREFUSED'),
    );
    await broker.start();
    await eventually(
      () => source.health().connected,
      (connected) => connected,
      20_000,
    );
    const later = await testDevice(broker.url);
    await later.send(...numbers(20, 40).map(Number));
    await eventually(
      () => new Set(readings()).size,
      (size) => size === 40,
      20_000,
    );
  });
});
