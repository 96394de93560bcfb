/** The demo village's past days over MQTT, as its devices told them: every report, thinned by nobody. */
import { readFileSync } from 'node:fs';
import { loadConfiguration } from '../../app/config/check-config.ts';
import { networkFile } from '../../app/config/plant-files.ts';
import { deliver } from '../../device-sim/delivery.ts';
import { createTown } from '../../device-sim/town.ts';
import { startMqttLink } from '../../link/mqtt-link.ts';
import { readOptions, tellParent } from './parent.ts';

const HOUR_MS = 3_600_000;
const quiet = { info: () => undefined, warn: console.warn, error: console.error };

const { mqttPort, days } = await readOptions<{ mqttPort: number; days: number }>();
const demo = loadConfiguration([], {});
const site = [...(demo?.plant.sites.values() ?? [])].find(({ simulated }) => simulated);
if (!demo || !site) throw new Error('the demo has no simulated site');
const untilMs = Date.now();
const town = await createTown({
  plant: demo.plant,
  site: site.id,
  network: readFileSync(networkFile(demo.settings, site.network ?? ''), 'utf8'),
  seed: demo.settings.sim.seed,
  fromMs: untilMs - days * 24 * HOUR_MS,
});
const link = startMqttLink({ url: `mqtt://127.0.0.1:${mqttPort}`, clientId: 'village' }, quiet);
let delivered = 0;
while (town.nowMs < untilMs) {
  const messages = town.step(Math.min(untilMs, town.nowMs + HOUR_MS));
  await deliver(messages, link.publish);
  for (const { frame } of messages) delivered += Object.keys(frame.values).length;
}
await link.stop();
await tellParent('delivered', delivered);
process.exit(0);
