/** Chromium, and pages in it that notice what goes wrong: each test ends by checking that nothing did. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished } from 'vitest';
import { ROOT } from '../harness/server.ts';

const CHROMIUM = '/usr/bin/chromium';
const MISSING = 'chromium (Debian: chromium) is not installed';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];
const WEB = join(ROOT, 'dashboard/web');
const DIST = join(WEB, 'dist');

export const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true } as const;
export const DESK = { viewport: { width: 1280, height: 720 } } as const;

interface PageOptions extends BrowserContextOptions {
  /** Behind the server's address: `?lang=ky`, `#/series/…`. */
  readonly at?: string;
  /** Faults that belong to the test. */
  readonly allowed?: readonly RegExp[];
  /** Before the page is asked for. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

export interface TestBrowser {
  /** In English, on a desk, in a browser profile of its own, until the test is over. */
  open(url: string, options?: PageOptions): Promise<Page>;
}

/** One browser for a file's tests; without one installed they are skipped. To be called before a server is started. */
export function useBrowser(): TestBrowser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) return;
    if (!existsSync(join(DIST, 'index.html'))) buildPage();
    browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGS });
  });
  beforeEach(({ skip }) => {
    if (!browser) skip(MISSING);
  });
  afterAll(() => browser?.close());

  return {
    async open(url, { at = '', allowed = [], prepare, ...options } = {}) {
      if (!browser) throw new Error(MISSING);
      const context = await browser.newContext({ ...DESK, locale: 'en-GB', ...options });
      // Sooner than the test's own time is up: the message then names the step.
      context.setDefaultTimeout(10_000);
      const page = await context.newPage();
      const faults = collectFaults(page);
      onTestFinished(async () => {
        // Closing breaks off what is under way.
        const seen = [...faults];
        await context.close();
        expect(seen.filter((fault) => !allowed.some((pattern) => pattern.test(fault)))).toEqual([]);
      });
      await prepare?.(page);
      await page.goto(`${url}/${at}`);
      return page;
    },
  };
}

function collectFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('requestfailed', (request) => faults.push(`request: ${request.failure()?.errorText} ${request.url()}`));
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`response: ${response.status()} ${response.url()}`);
  });
  return faults;
}

/** Beside its place and moved there, for another test's process may be doing the same. */
function buildPage(): void {
  const cache = join(ROOT, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, 'page-'));
  const vite = join(ROOT, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', WEB, '--outDir', relative(WEB, made)], { stdio: 'pipe' });
  try {
    renameSync(made, DIST);
  } catch {
    rmSync(made, { recursive: true });
  }
}
