/** Settings of the InfluxDB store (contract 1.1, 1.2): its part of each layer, and what they make together. */
import { resolve } from 'node:path';
import { z } from 'zod';

const MIN_OUTBOX_BYTES = 1e6;
const expectedOutbox = 'expected at least 1e6 bytes';
const expectedUrl = 'expected http://host:port or https://host:port, without a user';
const text = z.string().min(1, 'expected some text');

export const outboxBytes = z.number(expectedOutbox).min(MIN_OUTBOX_BYTES, expectedOutbox).optional();

export const influxLayer = z
  .strictObject({
    url: z.string().refine(isServerUrl, expectedUrl).optional(),
    api: z.enum(['v1', 'v2'], 'expected v1 or v2').optional(),
    bucket: text.optional(),
    org: text.optional(),
    tokenFile: text.optional(),
    user: text.optional(),
    passwordFile: text.optional(),
  })
  .optional();

type InfluxLayer = z.output<typeof influxLayer>;

/** A layer's `store`, as far as it is about InfluxDB. */
export interface StoreLayer {
  readonly kind?: 'sqlite' | 'influx' | undefined;
  readonly outboxBytes?: number | undefined;
  readonly influx?: InfluxLayer;
}

export interface InfluxSettings {
  readonly url: string;
  readonly api: 'v1' | 'v2';
  readonly bucket: string;
  readonly org?: string | undefined;
  /** Absolute paths. */
  readonly tokenFile?: string | undefined;
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  /** The most that may wait for it on this disk. */
  readonly outboxBytes: number;
}

/** More than a day at 200 messages a second. */
const OUTBOX_BYTES = 2 * 2 ** 30;

/** Of layers, each over the one before; null: not InfluxDB. */
export function mergeInflux(layers: readonly (StoreLayer | undefined)[]): {
  readonly value: InfluxSettings | null;
  readonly faults: readonly string[];
} {
  const store: StoreLayer = Object.assign({}, ...layers);
  const influx: NonNullable<InfluxLayer> = Object.assign({}, ...layers.map((layer) => layer?.influx));
  if (store.kind !== 'influx') {
    const isMeant = Object.keys(influx).length > 0 || store.outboxBytes !== undefined;
    return {
      value: null,
      faults: isMeant ? ['--influx-…, store.influx, store.outboxBytes: only with --store influx'] : [],
    };
  }
  const { url, api = 'v2', bucket = 'aimak', tokenFile, user, passwordFile } = influx;
  const faults: string[] = [];
  if (url === undefined) faults.push('--influx-url: expected the address of InfluxDB, such as http://127.0.0.1:8086');
  if (tokenFile && user) faults.push('--influx-token-file, --influx-user: expected a token or a user, not both');
  if ((user === undefined) !== (passwordFile === undefined)) {
    faults.push('--influx-user, --influx-password-file: expected both or none');
  }
  if (url === undefined || faults.length > 0) return { value: null, faults };
  return { value: { ...influx, url, api, bucket, outboxBytes: store.outboxBytes ?? OUTBOX_BYTES }, faults };
}

export function withAbsoluteSecrets<L extends StoreLayer>(store: L, base: string): L {
  const absolute = { ...store.influx };
  for (const key of ['tokenFile', 'passwordFile'] as const) {
    const path = absolute[key];
    if (path !== undefined) absolute[key] = resolve(base, path);
  }
  return store.influx === undefined ? store : { ...store, influx: absolute };
}

function isServerUrl(url: string): boolean {
  if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) return false;
  const { username, password, search } = new URL(url);
  return username === '' && password === '' && search === '';
}
