import { describe, expect, it } from 'vitest';
import { type Claims, createClaims } from '../../link/mqtt-source/claims.ts';

const TIMES = { leaseMs: 60_000, renewMs: 20_000, settleMs: 2_000 };

/** Ingests at one broker, on a clock of the test: what one claims, all hear, and who comes later hears the last of it. */
function brokerOf() {
  let nowMs = 0;
  const retained = new Map<string, string>();
  const ingests = new Map<string, Claims>();

  function deliver(site: string, owner: string): void {
    retained.set(site, owner);
    for (const claims of ingests.values()) claims.heard(site, owner, false);
  }

  return {
    ingest(owner: string, ...own: string[]): Claims {
      return createClaims({ ...TIMES, own, owner }, () => nowMs);
    },
    join(owner: string, claims: Claims): void {
      claims.begin();
      for (const [site, claimant] of retained) claims.heard(site, claimant, true);
      ingests.set(owner, claims);
    },
    leave(owner: string): void {
      ingests.get(owner)?.end();
      ingests.delete(owner);
    },
    /** Second by second; each looks before what the others claim in that second has come. */
    pass(seconds: number): void {
      for (let i = 0; i < seconds; i++) {
        nowMs += 1_000;
        const claimed = [...ingests].flatMap(([owner, claims]) =>
          claims.review().map((site) => [site, owner] as const),
        );
        for (const [site, owner] of claimed) deliver(site, owner);
      }
    },
  };
}

describe('claims to sites', () => {
  it('are made once nobody else has been heard', () => {
    const broker = brokerOf();
    const first = broker.ingest('first', 'toru');
    broker.join('first', first);
    broker.pass(1);
    expect(first.isHeld('toru')).toBe(false);
    broker.pass(1);
    expect(first.isHeld('toru')).toBe(true);
  });

  it('are respected as long as they are renewed, and free a minute after the last time', () => {
    const broker = brokerOf();
    const [first, second] = [broker.ingest('first', 'toru'), broker.ingest('second', 'toru')];
    broker.join('first', first);
    broker.pass(5);
    broker.join('second', second);
    broker.pass(600);
    expect([second.isHeld('toru'), second.takenBy('toru')]).toEqual([false, 'first']);
    broker.leave('first');
    broker.pass(40);
    expect(second.isHeld('toru')).toBe(false);
    broker.pass(22);
    expect([second.isHeld('toru'), second.takenBy('toru')]).toEqual([true, null]);
    broker.join('first', first);
    broker.pass(5);
    expect([first.isHeld('toru'), first.takenBy('toru')]).toEqual([false, 'second']);
  });

  it('stay with the smaller name where two begin in one instant', () => {
    const broker = brokerOf();
    const [a, b] = [broker.ingest('a', 'toru'), broker.ingest('b', 'toru')];
    broker.join('b', b);
    broker.join('a', a);
    broker.pass(4);
    expect([a.isHeld('toru'), b.isHeld('toru')]).toEqual([true, false]);
    broker.pass(300);
    expect([a.isHeld('toru'), b.takenBy('toru')]).toEqual([true, 'a']);
  });

  it('stand over a short loss of the connection, and at once after a restart', () => {
    const broker = brokerOf();
    const before = broker.ingest('first', 'toru');
    broker.join('first', before);
    broker.pass(5);
    broker.leave('first');
    broker.pass(30);
    broker.join('first', before);
    expect(before.isHeld('toru')).toBe(true);
    broker.leave('first');
    const after = broker.ingest('first', 'toru');
    broker.join('first', after);
    expect(after.isHeld('toru')).toBe(true);
  });

  it('of others count as given up only after a whole lease of listening', () => {
    const broker = brokerOf();
    const [other, watcher] = [broker.ingest('other', 'naryn'), broker.ingest('watcher', 'toru')];
    broker.join('other', other);
    broker.pass(5);
    broker.leave('other');
    broker.pass(3_600);
    broker.join('watcher', watcher);
    broker.pass(59);
    expect(watcher.gone()).toEqual([]);
    broker.pass(3);
    expect(watcher.gone()).toEqual(['naryn']);
    broker.join('other', other);
    broker.pass(4);
    expect(watcher.gone()).toEqual([]);
  });
});
