import * as z from 'zod';
import { trustProblems } from '@whoosh/backbeat-sdk/keys';
import { backbeatEnv, clusterProblems, duration, integer } from '@whoosh/config';
import { list, natsEnv, secret, Secret, trustEnv } from '@whoosh/config';
import { WEBHOOKS_PER_SECOND_MAX } from './domain/rate-class.ts';
import { tokenProblem } from './domain/identity.ts';
import { isOrigin, parseListenAddress } from './domain/listen-address.ts';

const ORIGINS_DEFAULT = 'http://localhost:3000,http://localhost:8080';
const JWT_SECRET_LENGTH_MIN = 32;

const listenAddress = (byDefault: string) =>
  z
    .string()
    .default(byDefault)
    .transform((text, context) => {
      const address = parseListenAddress(text);
      if (address) return address;
      context.addIssue({ code: 'custom', message: 'must be host:port or :port' });
      return z.NEVER;
    });

const origins = () =>
  list()
    .prefault(ORIGINS_DEFAULT)
    .refine(
      (all) => all.every(isOrigin),
      'must be origins such as https://whoosh.example.com, without a path',
    );

/** Several secrets in one variable, divided by commas or line ends. */
const secrets = () =>
  secret().transform((all, context) => {
    const tokens = all
      .reveal()
      .split(/[,\n]/)
      .map((token) => token.trim())
      .filter((token) => token !== '');
    if (tokens.length === 0) context.addIssue({ code: 'custom', message: 'must name at least one token' });
    for (const [at, token] of tokens.entries()) {
      const problem = tokenProblem(token);
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', message: `token ${at + 1} of ${tokens.length} ${problem}` });
      }
    }
    return tokens.map((token) => new Secret(token));
  });

/** Addresses, CIDR ranges, or the names that express has for the private ones. */
const ProxyRange = z.union([
  z.ipv4(),
  z.ipv6(),
  // Whoever trusts everybody trusts every X-Forwarded-For.
  z.cidrv4().refine((range) => !range.endsWith('/0')),
  z.cidrv6().refine((range) => !range.endsWith('/0')),
  z.enum(['loopback', 'linklocal', 'uniquelocal']),
]);
const proxies = () =>
  list().refine(
    (all) => all.every((one) => ProxyRange.safeParse(one).success),
    'must be addresses, ranges such as 10.0.0.0/8, or loopback, linklocal, uniquelocal',
  );

/** What the gateway reads; see the README for what each means. */
export const Env = z.object({
  ...natsEnv,
  ...backbeatEnv,
  ...trustEnv,
  WHOOSH_SERVER_LISTEN_ADDR: listenAddress(':8080'),
  WHOOSH_SERVER_READ_TIMEOUT: duration('30s'),
  WHOOSH_SERVER_WRITE_TIMEOUT: duration('30s'),
  WHOOSH_SERVER_ALLOWED_ORIGINS: origins(),
  WHOOSH_SERVER_TRUSTED_PROXIES: proxies(),
  WHOOSH_SERVER_RATE_LIMIT_PER_MINUTE: integer(100, { min: 1, max: 1_000_000 }),
  WHOOSH_GITEA_WEBHOOK_PATH: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)+$/, 'must be a path such as /webhooks/gitea')
    .default('/webhooks/gitea'),
  WHOOSH_GITEA_WEBHOOK_TOKEN: secret().optional(),
  WHOOSH_GITEA_WEBHOOK_TOKEN_PREVIOUS: secret().optional(),
  WHOOSH_AUTH_JWT_SECRET: secret({ lengthMin: JWT_SECRET_LENGTH_MIN }),
  WHOOSH_AUTH_JWT_SECRET_PREVIOUS: secret({ lengthMin: JWT_SECRET_LENGTH_MIN }).optional(),
  WHOOSH_AUTH_SERVICE_TOKENS: secrets(),
  WHOOSH_AUTH_SERVICE_TOKENS_PREVIOUS: secrets().optional(),
  WHOOSH_AUTH_JWT_EXPIRY: duration('24h'),
});
export type Env = z.infer<typeof Env>;

export function problems(env: Partial<Env>): string[] {
  return [...clusterProblems(env), ...trustProblems(env)];
}

export interface GatewayConfig {
  readonly cluster: string;
  readonly backbeatAgentId: string;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly requestsPerMinute: number;
  readonly webhooksPerSecond: number;
  readonly webhookPath: string;
  /** The one in use first, then the one before it, while a rotation lasts; the same for the others. */
  readonly webhookSecrets: readonly string[];
  readonly jwtSecrets: readonly string[];
  readonly serviceTokens: readonly string[];
}

export function gatewayConfig(env: Env, cluster: string): GatewayConfig {
  return {
    cluster,
    backbeatAgentId: env.WHOOSH_BACKBEAT_AGENT_ID,
    allowedOrigins: env.WHOOSH_SERVER_ALLOWED_ORIGINS,
    trustedProxies: env.WHOOSH_SERVER_TRUSTED_PROXIES,
    requestsPerMinute: env.WHOOSH_SERVER_RATE_LIMIT_PER_MINUTE,
    webhooksPerSecond: WEBHOOKS_PER_SECOND_MAX,
    webhookPath: env.WHOOSH_GITEA_WEBHOOK_PATH,
    webhookSecrets: revealed(env.WHOOSH_GITEA_WEBHOOK_TOKEN, env.WHOOSH_GITEA_WEBHOOK_TOKEN_PREVIOUS),
    jwtSecrets: revealed(env.WHOOSH_AUTH_JWT_SECRET, env.WHOOSH_AUTH_JWT_SECRET_PREVIOUS),
    serviceTokens: revealed(
      ...env.WHOOSH_AUTH_SERVICE_TOKENS,
      ...(env.WHOOSH_AUTH_SERVICE_TOKENS_PREVIOUS ?? []),
    ),
  };
}

function revealed(...secretsGiven: readonly (Secret | undefined)[]): string[] {
  return secretsGiven.filter((one) => one !== undefined).map((one) => one.reveal());
}
