/** Contrast of what is really on the page: computed colours over all that lies behind them, by the formula of WCAG 2. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

type Rgba = readonly [number, number, number, number];

interface Text {
  readonly text: string;
  readonly ink: Rgba;
  /** What lies behind, the nearest first. */
  readonly layers: readonly Rgba[];
  readonly isValue: boolean;
}

const OF_TEXT = 4.5;
const OF_VALUES = 7;

/** Runs in the page. A canvas turns any CSS colour into sRGB; a hatched text counts as if it stood on the hatching. */
const COLLECT = `(() => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 });
  const ink = canvas.getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = colour;
    ink.fillRect(0, 0, 1, 1);
    return [...ink.getImageData(0, 0, 1, 1).data];
  };
  const layersBehind = (element) => {
    const sign = element.closest('.priority path + text')?.previousElementSibling;
    const layers = sign ? [rgba(getComputedStyle(sign).fill)] : [];
    for (let e = element; e; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.backgroundImage !== 'none') layers.push(rgba(style.getPropertyValue('--hatch')));
      layers.push(rgba(style.backgroundColor));
    }
    return layers;
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest('noscript, option, title') || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    texts.push({
      text: walker.currentNode.data,
      ink: rgba(element instanceof SVGElement ? style.fill : style.color),
      layers: layersBehind(element),
      isValue: element.matches('.figure:not(.figure-unknown, .figure-none)'),
    });
  }
  return texts;
})()`;

/** 7:1 for values, 4.5:1 for every other text. */
export async function expectContrast(page: Page): Promise<void> {
  const texts = await page.evaluate<Text[]>(COLLECT);
  expect(texts.length).toBeGreaterThan(10);
  expect(texts.some(({ isValue }) => isValue)).toBe(true);
  const tooFaint = texts.filter((text) => ratio(text) < (text.isValue ? OF_VALUES : OF_TEXT));
  expect(tooFaint.map((text) => `${text.text}: ${ratio(text).toFixed(1)}`)).toEqual([]);
}

function ratio({ ink, layers }: Text): number {
  const white: Rgba = [255, 255, 255, 255];
  const behind = layers.reduceRight((below, above) => over(above, below), white);
  const [dark, bright] = [luminance(over(ink, behind)), luminance(behind)].toSorted((a, b) => a - b) as [
    number,
    number,
  ];
  return (bright + 0.05) / (dark + 0.05);
}

function over(above: Rgba, below: Rgba): Rgba {
  const part = above[3] / 255;
  const mix = (i: 0 | 1 | 2) => above[i] * part + below[i] * (1 - part);
  return [mix(0), mix(1), mix(2), 255];
}

function luminance([red, green, blue]: Rgba): number {
  const linear = (channel: number) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
