import { OPTIONS } from './config/option-table.ts';

const options = OPTIONS.map(({ flag, env, help }) => `  ${`--${flag}`.padEnd(22)} ${help}\n${' '.repeat(25)}${env}`);

export const HELP = `Aimak Watch: a village's water and street lights, live.

  npm start                        the demo village: broker, ingest, dashboard and simulator in one process
  npm start -- --config FILE       your own plant
  npm start -- broker ingest dashboard
                                   without the simulator
  npm start -- sim --mqtt-url URL  the simulator alone, for a broker elsewhere
  npm start -- check-config        reads the whole configuration and names every fault
  npm start -- user add NAME --role ROLE
                                   who may do what, and how they are told (user --help)
  npm start -- notify test NAME    sends a test message over each of a person's channels
  npm start -- replay FILE.csv     publishes past readings as a device would (replay --help)

Options, each also as an environment variable:
${options.join('\n')}
`;
