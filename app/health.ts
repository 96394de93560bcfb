/** What `/api/health` says (contract 3.1): ingest's own account, with what its neighbours know. */
import type { Notify } from '../ingest/alarms/notify/notify.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Intake } from './intake.ts';
import type { Village } from './village.ts';

interface HealthParts {
  readonly ingest: Pick<Ingest, 'health'>;
  readonly intake: Pick<Intake, 'health'>;
  readonly notify: Pick<Notify, 'counts'>;
  readonly village: Pick<Village, 'status'> | null;
}

export function healthOf({ ingest, intake, notify, village }: HealthParts) {
  const [own, broker] = [ingest.health(), intake.health()];
  const { phase, failure } = village?.status() ?? { phase: null, failure: null };
  const isSound = broker.reason === null && failure === null;
  return {
    ...own,
    status: isSound ? own.status : 'degraded',
    broker,
    simulator: phase && { phase, failure },
    notify: notify.counts(),
    uptimeS: Math.round(process.uptime()),
  };
}
