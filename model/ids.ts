/** Ids as they stand in topics and configuration (contract 2.1): lower case, digits, dashes. */
declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type SiteId = Id<'site'>;
export type AssetId = Id<'asset'>;
/** Unique in the whole plant, not only in its site: a series is device + metric. */
export type DeviceId = Id<'device'>;
/** `snake_case`, see `metric.ts`. */
export type MetricName = Id<'metric'>;

/** At most 63 characters: an id fits a DNS label, an InfluxDB tag and a file name. */
export const ID_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;
