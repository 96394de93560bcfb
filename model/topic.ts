import { type DeviceId, ID_PATTERN, type SiteId } from './ids.ts';

/** Contract 2.1: `aimak/v1/<site>/<device>/telemetry|status`. */
const ROOT = 'aimak/v1';

type DeviceTopicKind = 'telemetry' | 'status';

export interface DeviceTopic {
  readonly site: SiteId;
  readonly device: DeviceId;
  readonly kind: DeviceTopicKind;
}

export function telemetryTopic(site: string, device: string): string {
  return `${ROOT}/${site}/${device}/telemetry`;
}

export function statusTopic(site: string, device: string): string {
  return `${ROOT}/${site}/${device}/status`;
}

/** The device topic that a name stands for, or null for any other topic. */
export function parseDeviceTopic(topic: string): DeviceTopic | null {
  const [root, version, site, device, kind, ...rest] = topic.split('/');
  if (`${root}/${version}` !== ROOT || rest.length > 0) return null;
  if (site === undefined || device === undefined || !ID_PATTERN.test(site) || !ID_PATTERN.test(device)) return null;
  if (kind !== 'telemetry' && kind !== 'status') return null;
  return { site: site as SiteId, device: device as DeviceId, kind };
}

/** Everything under the root belongs to the contract: what does not parse there is refused, not passed on. */
export function isOwnTopic(topic: string): boolean {
  return topic === ROOT || topic.startsWith(`${ROOT}/`);
}

/** What ingests say to each other and to themselves, in the place of a device; no device may have this id. */
export const INGEST_DEVICE = 'aimak-ingest' as DeviceId;

/** Telemetry of one site, or of all. */
export function telemetryFilter(site = '+'): string {
  return `${ROOT}/${site}/+/telemetry`;
}
