/** The stand-in as a process. Prints one line of JSON when it listens, and stops on SIGTERM or SIGINT. */
import { parseArgs } from 'node:util';
import { seedAccounts, seedSample } from './sample.ts';
import { startGiteaStandin, type Standin, type StandinOptions } from './standin.ts';

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  'root-url': { type: 'string' },
  'state-file': { type: 'string' },
  token: { type: 'string' },
  'dev-token': { type: 'string' },
  'delivery-delay-ms': { type: 'string' },
  sample: { type: 'boolean' },
} as const;

type OptionName = keyof typeof OPTIONS;

const { values } = parseArgs({ options: OPTIONS });

/** A flag `--state-file` wins over the variable GITEA_STANDIN_STATE_FILE. */
function setting(name: OptionName): string | undefined {
  const given = values[name];
  if (given !== undefined) return String(given);
  return process.env[`GITEA_STANDIN_${name.toUpperCase().replaceAll('-', '_')}`];
}

function numberSetting(name: OptionName, otherwise: number, max: number): number {
  const value = Number(setting(name) ?? otherwise);
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new Error(`--${name} is a number from 0 to ${max}`);
  }
  return value;
}

/** A token that exists is kept; else one is made, with the given text when there is one. */
function tokenOf(standin: Standin, login: string, text: string | undefined): string {
  const user = standin.state.users.find((candidate) => candidate.login === login);
  const own = standin.state.tokens.filter((token) => token.userId === user?.id);
  const known = text === undefined ? own[0] : own.find((token) => token.text === text);
  return known?.text ?? standin.admin.createToken(login, text === undefined ? {} : { text });
}

const rootUrl = setting('root-url');
const stateFile = setting('state-file');
const options: StandinOptions = {
  port: numberSetting('port', 0, 65_535),
  host: setting('host') ?? '127.0.0.1',
  deliveryDelayMs: numberSetting('delivery-delay-ms', 200, 60_000),
  ...(rootUrl === undefined ? {} : { rootUrl }),
  ...(stateFile === undefined ? {} : { stateFile }),
  seed: (standin) => {
    seedAccounts(standin);
    if (setting('sample') === 'true') seedSample(standin);
  },
};

const standin = await startGiteaStandin(options);
const operatorToken = tokenOf(standin, 'operator', setting('token'));
const devToken = tokenOf(standin, 'dev', setting('dev-token'));
process.stdout.write(
  `${JSON.stringify({ url: standin.url, operator_token: operatorToken, dev_token: devToken })}\n`,
);

const stop = (): void => {
  standin[Symbol.asyncDispose]().then(
    () => process.exit(0),
    (cause: unknown) => {
      process.stderr.write(`${String(cause)}\n`);
      process.exit(1);
    },
  );
};
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
