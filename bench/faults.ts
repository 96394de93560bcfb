/** `npm run faults -- NAME… [--rounds N] [--seconds N] [--repeats N] [--json]`: what is left after the worst has happened, on the whole process. */

import { measureAlarmStorm } from './alarm-storm.ts';
import { measureBus } from './bus-fault.ts';
import { measureDamage } from './damage.ts';
import { measureDiskFull } from './disk-full.ts';
import { measureBrokers } from './external-broker.ts';
import { measureIngests } from './external-broker-ingests.ts';
import { measureFlood } from './flood.ts';
import { measureFrozen } from './frozen.ts';
import { measureInfluxFaults } from './influx-faults.ts';
import { killRounds } from './kill.ts';
import { runNamed } from './runner.ts';
import { measureSync } from './sync.ts';

await runNamed('fault', {
  kill: killRounds,
  'disk-full': measureDiskFull,
  storm: measureAlarmStorm,
  damage: measureDamage,
  flood: measureFlood,
  frozen: measureFrozen,
  sync: measureSync,
  broker: measureBrokers,
  ingests: measureIngests,
  influx: measureInfluxFaults,
  bus: measureBus,
});
