/**
 * What may be chosen about a dev run, and which of its parts are real ones given by the user
 * instead of those that we start ourselves.
 */
import { stateDirectory } from '../paths.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface DevSettings {
  /** Everything the run writes is below it. */
  readonly directory: string;
  readonly gatewayHost: string;
  readonly gatewayPort: number;
  readonly pulses: number;
  readonly agents: number;
  readonly tempoBpm: number;
  readonly barLength: number;
  readonly cluster: string;
  readonly external: {
    readonly nats: string | undefined;
    readonly database: boolean;
    readonly gitea: string | undefined;
  };
  /** The environment of the person who started it: what it names wins over our values. */
  readonly env: Env;
}

const databaseNames = ['WHOOSH_DATABASE_URL', 'WHOOSH_DATABASE_URL_FILE', 'WHOOSH_DATABASE_HOST'];
const numberMax = 1_000;

/** All wrong values at once, by name. */
export class DevSettingsError extends Error {
  override readonly name = 'DevSettingsError';
}

export function readDevSettings(env: Env): DevSettings {
  const problems: string[] = [];
  const whole = (name: string, otherwise: number, max = numberMax): number => {
    const text = env[name];
    if (text === undefined || text === '') return otherwise;
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0 || value > max)
      problems.push(`${name} is a whole number from 0 to ${max}`);
    return value;
  };
  const listen = nonEmpty(env['WHOOSH_SERVER_LISTEN_ADDR']) ?? '127.0.0.1:8080';
  const [, host = '', port = 'none'] = /^(.*):(\d{1,5})$/.exec(listen) ?? [];
  const gatewayPort = Number(port);
  if (Number.isNaN(gatewayPort))
    problems.push('WHOOSH_SERVER_LISTEN_ADDR ends with a port, as in 127.0.0.1:8080');
  const settings: DevSettings = {
    directory: nonEmpty(env['DEV_DIRECTORY']) ?? stateDirectory,
    // An address that is only a port means every interface elsewhere; a dev run stays on this machine.
    gatewayHost: host === '' ? '127.0.0.1' : host,
    gatewayPort,
    pulses: whole('DEV_PULSES', 3, 5),
    agents: whole('DEV_AGENTS', 8),
    tempoBpm: whole('BACKBEAT_TEMPO_BPM', 120),
    barLength: whole('BACKBEAT_BAR_LENGTH', 4, 10_000),
    cluster: nonEmpty(env['BACKBEAT_CLUSTER']) ?? nonEmpty(env['WHOOSH_BACKBEAT_CLUSTER_ID']) ?? 'whoosh-dev',
    external: {
      nats: nonEmpty(env['WHOOSH_BACKBEAT_NATS_URL']) ?? nonEmpty(env['NATS_URL']),
      database: databaseNames.some((name) => nonEmpty(env[name]) !== undefined),
      gitea: nonEmpty(env['WHOOSH_GITEA_BASE_URL']),
    },
    env,
  };
  if (settings.external.gitea !== undefined && !given(env, 'WHOOSH_GITEA_TOKEN')) {
    problems.push('WHOOSH_GITEA_BASE_URL needs WHOOSH_GITEA_TOKEN or WHOOSH_GITEA_TOKEN_FILE');
  }
  if (problems.length > 0) throw new DevSettingsError(problems.join('\n'));
  return settings;
}

/** True when the variable or its `_FILE` twin has a value. */
export function given(env: Env, name: string): boolean {
  return nonEmpty(env[name]) !== undefined || nonEmpty(env[`${name}_FILE`]) !== undefined;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
