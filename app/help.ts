import { OPTIONS } from './config/option-table.ts';

const options = OPTIONS.map(({ flag, env, help }) => `  ${`--${flag}`.padEnd(22)} ${help}\n${' '.repeat(25)}${env}`);

export const HELP = `Aimak Watch: a village's water and street lights, live.

  npm start                        the demo village: broker, ingest, dashboard and simulator in one process
  npm start -- --config FILE       your own plant
  npm start -- broker ingest dashboard
                                   without the simulator
  npm start -- sim --mqtt-url URL  the simulator alone, for a broker elsewhere
  npm start -- sim --until TIME --out FILE
                                   all that the village would send up to then, as JSON Lines, without a broker
  npm start -- sim --villages N --mqtt-url URL
                                   many copies of it, --connect device (default) or gateway;
                                   --write-plant DIR: the plant of the server that is to receive them
  npm start -- fault add KIND TARGET
                                   a fault in the village that runs; also fault list, end, kinds (fault --help)
  npm start -- bridge --config bridge.yaml --mqtt-url URL
                                   reads Modbus meters and cabinets and publishes what they say (bridge --help)
  npm start -- probe --rtu PORT    finds Modbus units and what their registers mean (probe --help)
  npm start -- check-config        reads the whole configuration and names every fault
  npm start -- user add NAME --role ROLE
                                   who may do what, and how they are told (user --help)
  npm start -- accept-loss FILE    a file of the data folder is lost or damaged, and you know it (accept-loss --help)
  npm start -- notify test NAME    sends a test message over each of a person's channels
  npm start -- repair [FILE]       saves what can be read of a damaged file of the data folder (repair --help)
  npm start -- replay FILE.csv     publishes past readings as a device would (replay --help)

Options, each also as an environment variable:
${options.join('\n')}
`;
