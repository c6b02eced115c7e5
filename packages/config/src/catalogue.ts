import { adminEnv, backbeatEnv, databaseEnv, loggingEnv, natsEnv, tracingEnv } from './fragments.ts';

const names = (prefix: string, suffixes: string) => suffixes.split(' ').map((suffix) => prefix + suffix);

/**
 * Every `WHOOSH_*` and `BACKBEAT_*` variable that some process of the system reads. Processes share one environment (an
 * `.env` file), so a variable is unknown only when no process reads it; each adds its own schema to this.
 */
export const VARIABLE_NAMES: readonly string[] = [
  ...Object.keys({ ...adminEnv, ...backbeatEnv, ...databaseEnv, ...loggingEnv, ...natsEnv, ...tracingEnv }),
  ...names(
    'WHOOSH_SERVER_',
    'LISTEN_ADDR READ_TIMEOUT WRITE_TIMEOUT SHUTDOWN_TIMEOUT ALLOWED_ORIGINS RATE_LIMIT_PER_MINUTE',
  ),
  ...names('WHOOSH_GITEA_', 'BASE_URL TOKEN WEBHOOK_PATH WEBHOOK_URL WEBHOOK_TOKEN'),
  ...names('WHOOSH_GITEA_', 'WEBHOOK_TOKEN_PREVIOUS EAGER_FILTER FULL_RESCAN DEBUG_URLS MAX_RETRIES'),
  ...names('WHOOSH_GITEA_', 'RETRY_DELAY COMMENTS'),
  ...names('WHOOSH_MONITOR_', 'POLL_INTERVAL ADMIN_PORT'),
  ...names(
    'WHOOSH_AUTH_',
    'JWT_SECRET JWT_SECRET_PREVIOUS SERVICE_TOKENS SERVICE_TOKENS_PREVIOUS JWT_EXPIRY',
  ),
  ...names(
    'WHOOSH_COMPOSER_',
    'ENABLE_LLM_CLASSIFICATION ENABLE_LLM_SKILL_ANALYSIS ENABLE_LLM_TEAM_MATCHING',
  ),
  ...names(
    'WHOOSH_COMPOSER_',
    'ENABLE_COMPLEXITY_ANALYSIS ENABLE_RISK_ASSESSMENT ENABLE_ALTERNATIVE_OPTIONS',
  ),
  ...names('WHOOSH_COMPOSER_', 'ENABLE_ANALYSIS_LOGGING ENABLE_PERFORMANCE_METRICS ADMIN_PORT'),
  ...names('WHOOSH_COMPOSER_', 'SKILL_MATCH_THRESHOLD DEFAULT_STRATEGY MIN_TEAM_SIZE MAX_TEAM_SIZE'),
  ...names('WHOOSH_', 'GATEWAY_ADMIN_PORT COUNCIL_ADMIN_PORT ORCHESTRATOR_ADMIN_PORT ADMIN_PORT'),
  ...names('WHOOSH_COUNCIL_', 'SEAT_DEADLINE SEAT_RESERVATION DEADLINE_CHECK_INTERVAL LOCAL_TEMPO_BPM'),
  ...names('WHOOSH_', 'COUNCIL_LOCAL_BAR_LENGTH ROLES_FILES COMPOSER_RETRY_INTERVAL'),
  ...names('WHOOSH_', 'AGENT_IMAGE AGENT_RUNTIME AGENT_TOKEN ENDPOINT'),
  ...names(
    'BACKBEAT_',
    'NODE ADMIN_PORT RAFT_BIND RAFT_PEERS DATA_DIR BAR_LENGTH TEMPO_BPM ADMIN_TOKEN RAFT_SECRET',
  ),
  ...names('BACKBEAT_', 'ADMIN_TOKEN_PREVIOUS AGENTS KEYS REQUIRE_SIGNATURES SIGNING_KEY SIGNING_KEY_NAME'),
  ...names('WHOOSH_', 'SERVER_TRUSTED_PROXIES MONITOR_SWEEP_INTERVAL AGENT_ENDPOINT AGENT_PROGRAM STATE_DIR'),
  ...names('WHOOSH_', 'AGENT_NONCE AGENT_RECORD SERVICE_TOKEN'),
  ...names('BACKBEAT_', 'BPM MIN_BPM MAX_BPM SCORE SEED'),
  ...names('BACKBEAT_', 'RATE DURATION JOIN_STAGGER AGENT_PREFIX'),
];

/**
 * Names that existing installations of CHORUS set and no process reads. They are warned about like any other unknown
 * variable, but no other name is suggested: they are not misspelt.
 */
export const UNREAD_NAMES: readonly string[] = [
  ...names(
    'WHOOSH_COMPOSER_',
    'CLASSIFICATION_MODEL SKILL_ANALYSIS_MODEL MATCHING_MODEL ANALYSIS_TIMEOUT_SECS ENABLE_FAILSAFE_FALLBACK',
  ),
  ...names('WHOOSH_DOCKER_', 'ENABLED HOST NETWORK MOUNT_SOCKET'),
  ...names('WHOOSH_', 'COORDINATOR DISCOVERY_SERVICE DISCOVERY_METHOD N8N_BASE_URL KACHING_URL SLURP_URL'),
];
