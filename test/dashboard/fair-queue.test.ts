import { describe, expect, it } from 'vitest';
import { createFairQueue } from '../../dashboard/fair-queue.ts';

const asker = (network: string, isGone = () => false) => ({ network, isGone });
const LIMITS = { atOnce: 1, waiting: 4, rest: 0 };
const turn = () => new Promise(setImmediate);

/** A queue whose work ends when it is told. */
function watched() {
  const queue = createFairQueue(LIMITS, () => 0);
  const began: string[] = [];
  const ends: (() => void)[] = [];
  const refused: string[] = [];
  const ask = (network: string, name: string, isGone?: () => boolean) =>
    queue
      .run(asker(network, isGone), () => {
        began.push(name);
        return new Promise<void>((resolve) => ends.push(resolve));
      })
      .catch((error) => refused.push(`${name} ${error.status} ${error.code}`));
  async function endAll(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      ends.shift()?.();
      await turn();
    }
  }
  return { ask, began, refused, endAll };
}

describe('who waits for history', () => {
  it('comes in turn by network, however much another has asked for', async () => {
    const { ask, began, refused, endAll } = watched();
    for (const name of ['a1', 'a2', 'a3', 'a4']) void ask('a', name);
    void ask('b', 'b1');
    await endAll();
    expect(began).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
    expect(refused).toEqual([]);
  });

  it('is refused where it has most in line itself, and takes the place of who has more', async () => {
    const { ask, began, refused, endAll } = watched();
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']) void ask('a', name);
    await turn();
    expect(refused).toEqual(['a6 503 busy']);
    void ask('b', 'b1');
    await turn();
    expect(refused).toEqual(['a6 503 busy', 'a5 503 busy']);
    await endAll();
    expect(began).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
  });

  it('costs nothing any more when it has hung up, and its room is free', async () => {
    const { ask, began, refused, endAll } = watched();
    let isGone = false;
    void ask('a', 'a1');
    for (const name of ['a2', 'a3', 'a4', 'a5']) void ask('a', name, () => isGone);
    isGone = true;
    await endAll();
    expect(began).toEqual(['a1']);
    expect(refused.length).toBe(4);
    for (const name of ['a6', 'a7', 'a8', 'a9', 'a10']) void ask('a', name);
    await endAll();
    expect(began).toEqual(['a1', 'a6', 'a7', 'a8', 'a9', 'a10']);
  });

  it('hears of a fault, synchronous or not, and the next one is served', async () => {
    const queue = createFairQueue(LIMITS, () => 0);
    const fails = () => {
      throw new Error('no such series');
    };
    await expect(queue.run(asker('a'), fails)).rejects.toThrow('no such series');
    await expect(queue.run(asker('a'), () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await queue.run(asker('a'), () => 7)).toBe(7);
  });

  it('rests as long as it worked, where it holds up all others', async () => {
    let nowMs = 0;
    const queue = createFairQueue({ ...LIMITS, rest: 1 }, () => nowMs);
    const work = () => {
      nowMs += 50;
      return performance.now();
    };
    const [first = 0, second = 0] = await Promise.all([queue.run(asker('a'), work), queue.run(asker('a'), work)]);
    expect(second - first).toBeGreaterThanOrEqual(45);
  });
});
