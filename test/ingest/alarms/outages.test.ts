import { describe, expect, it } from 'vitest';
import { MINUTE, villagePlant, villageWorld } from './village-world.ts';

const NOBODY = () => false;
const isAt =
  (...sites: string[]) =>
  ({ site }: { site: string }) =>
    sites.includes(site);
const isNotAt =
  (...sites: string[]) =>
  ({ site }: { site: string }) =>
    !sites.includes(site);

describe('the server’s own link, cut for an hour', () => {
  it('is one alarm with everything that is silent under it, and claims no outage', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    world.pass(60 * MINUTE, NOBODY);
    expect(world.told).toEqual(['raised own-link']);
    expect(world.unexplained()).toEqual(['own-link']);
    const [link] = world.desk.standing().filter(({ rule }) => rule === 'own-link');
    expect(link?.childCount).toBe(world.devices.length);
    expect(world.desk.children().get(link?.id ?? '')).toHaveLength(world.devices.length);

    world.pass(30 * MINUTE);
    expect(world.told).toEqual(['raised own-link', 'cleared-unacknowledged own-link']);
  });

  it('tells of those that stay silent once the link is back and settled, in one message', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    world.pass(20 * MINUTE, NOBODY);
    world.pass(4 * MINUTE, isAt('upper', 'lower'));
    expect(world.told).toEqual(['raised own-link', 'cleared-unacknowledged own-link']);
    world.pass(2 * MINUTE, ({ id, site }) => site !== 'far' || id === 'far-gw-1');
    world.pass(30 * MINUTE, ({ id, site }) => site !== 'far' || id.startsWith('far-gw-1'));
    expect(world.told.slice(2).toSorted()).toEqual(
      ['far-gw-2', 'far-gw-3', 'far-gw-4', 'far-logger'].map((id) => `released silent.${id}`),
    );
    expect(world.messages.at(-1)).toBe(4);
  });

  it('goes on over a restart in the middle of it', () => {
    const before = villageWorld();
    before.pass(5 * MINUTE);
    before.pass(15 * MINUTE, NOBODY);
    before.journal.close();
    const world = villageWorld({ file: before.file });
    world.pass(20 * MINUTE, NOBODY);
    expect(world.unexplained()).toEqual(['own-link']);
    expect(world.told).toEqual([]);
  });

  it('is not told where the broker elsewhere is away: that says it already', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    const at = world.now();
    const subject = { site: null, asset: null, device: null, metric: null, value: null, limit: null, values: {} };
    const kind = {
      kind: 'raise',
      key: 'broker-away',
      rule: 'broker-away',
      detector: 'server',
      priority: 'critical',
    } as const;
    world.desk.apply({ ...kind, at, isHistorical: false, latches: false, settleS: 0, ...subject });
    world.pass(60 * MINUTE, NOBODY);
    expect(world.told).toEqual(['raised broker-away']);
  });
});

describe('a mobile operator that is away', () => {
  it('is one alarm while others speak, over the supplies that it covers', () => {
    const world = villageWorld();
    world.pass(15 * MINUTE);
    world.pass(40 * MINUTE, isAt('upper'));
    expect(world.told).toEqual(['raised operator-away:MegaCom']);
    world.pass(30 * MINUTE);
    expect(world.told).toEqual(['raised operator-away:MegaCom', 'cleared-unacknowledged operator-away:MegaCom']);
  });
});

describe('a power cut', () => {
  it('over a village is one alarm with its children, not forty', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    for (const { id, site, profile } of world.devices) {
      if (site === 'far') continue;
      if (profile === 'gateway') world.raise(id, 'mains-lost', { metric: 'mains_ok' });
      if (profile === 'meter') world.raise(id, 'phase-loss', { detector: 'phases' });
      if (profile === 'meter') world.raise(id, 'breaker', { metric: 'breaker_closed' });
    }
    // Half of the gateways have no battery.
    world.pass(30 * MINUTE, ({ id, site }) => site === 'far' || /gw-[12]/.test(id));
    expect(world.told).toEqual(['raised power-outage:ts-14']);
    const [outage] = world.desk.standing().filter(({ rule }) => rule === 'power-outage');
    expect(outage?.childCount).toBeGreaterThanOrEqual(3 * 8);
  });

  it('stays one alarm when the batteries are flat and everything of it is silent', () => {
    const plant = villagePlant([{ id: 'upper', utilitySupply: 'ts-14', operator: 'Beeline' }]);
    const world = villageWorld({ plant });
    world.pass(5 * MINUTE);
    for (const { id, profile } of world.devices)
      if (profile === 'gateway') world.raise(id, 'mains-lost', { metric: 'mains_ok' });
    world.pass(10 * MINUTE);
    world.pass(60 * MINUTE, NOBODY);
    expect(world.told).toEqual(['raised power-outage:ts-14']);
  });

  it('of gateways without a battery is told by what falls silent on one supply while others speak', () => {
    const world = villageWorld();
    world.pass(15 * MINUTE);
    world.pass(40 * MINUTE, isNotAt('upper', 'lower'));
    // Beeline is only there, and so it may be the operator as well: the first match wins.
    expect(world.told.toSorted()).toEqual(['raised operator-away:Beeline', 'raised power-outage:ts-14']);
    const plant = villagePlant([
      { id: 'upper', utilitySupply: 'ts-14', operator: 'MegaCom' },
      { id: 'lower', utilitySupply: 'ts-14', operator: 'MegaCom' },
      { id: 'far', utilitySupply: 'ts-20', operator: 'MegaCom' },
    ]);
    const other = villageWorld({ plant });
    other.pass(15 * MINUTE);
    other.pass(40 * MINUTE, isNotAt('upper', 'lower'));
    expect(other.told).toEqual(['raised power-outage:ts-14']);
  });

  it('leaves the alarms that ask for something: the level falls, and the door is open', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    for (const n of [1, 2, 3, 4]) world.raise(`upper-gw-${n}`, 'mains-lost', { metric: 'mains_ok' });
    for (const n of [1, 2, 3, 4]) world.raise(`lower-gw-${n}`, 'mains-lost', { metric: 'mains_ok' });
    world.pass(MINUTE);
    world.raise('upper-gw-1-level', 'level-low', { metric: 'level', priority: 'critical' });
    expect(world.told).toEqual(['raised power-outage:ts-14', 'raised level-low.upper-gw-1-level']);
  });

  it('at one cabinet is told of that cabinet, with what hangs on it under it', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    world.raise('upper-gw-1', 'mains-lost', { metric: 'mains_ok' });
    world.raise('upper-gw-1-meter', 'phase-loss', { detector: 'phases' });
    world.pass(10 * MINUTE);
    expect(world.told).toEqual(['raised mains-lost.upper-gw-1']);
    world.giveBack('upper-gw-1', 'mains-lost');
    world.pass(4 * MINUTE);
    expect(world.told).toHaveLength(2);
    world.pass(2 * MINUTE);
    expect(world.told.at(-1)).toBe('released phase-loss.upper-gw-1-meter');
  });
});

describe('a gateway that falls silent', () => {
  it('explains the silence of those behind it, not what they said before', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    world.raise('upper-gw-1-level', 'level-low', { metric: 'level' });
    world.pass(30 * MINUTE, ({ id }) => !id.startsWith('upper-gw-1'));
    expect(world.told).toEqual(['raised level-low.upper-gw-1-level', 'raised silent.upper-gw-1']);
    expect(world.unexplained()).toEqual(['level-low.upper-gw-1-level', 'silent.upper-gw-1']);
  });

  it('keeps the episode of one that was told before', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    world.pass(20 * MINUTE, ({ id }) => id !== 'upper-gw-1-level');
    expect(world.told).toEqual(['raised silent.upper-gw-1-level']);
    world.pass(20 * MINUTE, ({ id }) => !id.startsWith('upper-gw-1'));
    world.pass(20 * MINUTE, ({ id }) => id !== 'upper-gw-1-level');
    const told = world.told.filter((line) => line.includes('level'));
    expect(told).toEqual(['raised silent.upper-gw-1-level']);
    expect(world.unexplained()).toEqual(['silent.upper-gw-1-level']);
  });

  it('says nothing of the link where it is one of one', () => {
    const world = villageWorld();
    world.pass(5 * MINUTE);
    world.pass(30 * MINUTE, ({ id }) => !id.includes('logger'));
    expect(world.told.toSorted()).toEqual(['far', 'lower', 'upper'].map((site) => `raised silent.${site}-logger`));
  });
});
