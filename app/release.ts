/** Changed together, at every release: `version` is that of package.json, and a test compares them. */
export const RELEASE = { version: '0.1.0', date: '2026-11-23' } as const;
