// Supervises two programs until it is killed; prints one line of JSON when both are up.
import { superviseProcesses } from '../../src/index.ts';

const [directory = '', first = '', second = ''] = process.argv.slice(2);
const file = `${import.meta.dirname}/echo-server.mjs`;
const supervisor = await superviseProcesses({
  stateFile: `${directory}/run.json`,
  logDirectory: `${directory}/logs`,
  agentsDirectory: `${directory}/agents`,
});
await supervisor.start(
  { name: 'polite', file, args: [first] },
  { name: 'stubborn', file, args: [second, 'ignore-sigterm'] },
);
process.stdout.write(`${JSON.stringify(supervisor.processes.map(({ identity }) => identity))}\n`);
setInterval(() => {}, 1_000_000);
