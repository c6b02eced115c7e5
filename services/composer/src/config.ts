import {
  databaseEnv,
  databaseProblems,
  duration,
  type EnvOf,
  envSchema,
  flag,
  integer,
  natsEnv,
  number,
} from '@whoosh/config';
import { teams } from '@whoosh/contracts';
import * as z from 'zod';
import { type DecisionSettings } from './domain/decide.ts';

/** Switched on it would promise what nobody does: better not to start than to decide another way in silence. */
const languageModel = () =>
  flag(false).refine((isOn) => !isOn, 'this version decides by heuristics alone; set it to false');

/** Every variable the composer reads, beside those of the lifecycle. */
export const ComposerEnv = envSchema({
  ...natsEnv,
  ...databaseEnv,
  WHOOSH_COMPOSER_ENABLE_LLM_CLASSIFICATION: languageModel(),
  WHOOSH_COMPOSER_ENABLE_LLM_SKILL_ANALYSIS: languageModel(),
  WHOOSH_COMPOSER_ENABLE_LLM_TEAM_MATCHING: languageModel(),
  WHOOSH_COMPOSER_ENABLE_COMPLEXITY_ANALYSIS: flag(true),
  WHOOSH_COMPOSER_ENABLE_RISK_ASSESSMENT: flag(true),
  WHOOSH_COMPOSER_ENABLE_ALTERNATIVE_OPTIONS: flag(false),
  WHOOSH_COMPOSER_ENABLE_ANALYSIS_LOGGING: flag(true),
  WHOOSH_COMPOSER_ENABLE_PERFORMANCE_METRICS: flag(true),
  WHOOSH_COMPOSER_SKILL_MATCH_THRESHOLD: number(0.6, { min: 0, max: 1 }),
  WHOOSH_COMPOSER_DEFAULT_STRATEGY: z.enum(teams.STRATEGIES).default('minimal_viable'),
  WHOOSH_COMPOSER_MIN_TEAM_SIZE: integer(1, { min: 1, max: 3 }),
  WHOOSH_COMPOSER_MAX_TEAM_SIZE: integer(3, { min: 1, max: 3 }),
  /** Waiting teams are looked at again this often, and at once when an agent comes. */
  WHOOSH_COMPOSER_RETRY_INTERVAL: duration('30s'),
});
export type ComposerEnv = Readonly<EnvOf<typeof ComposerEnv>>;

export function composerProblems(env: Partial<ComposerEnv>): string[] {
  const { WHOOSH_COMPOSER_MIN_TEAM_SIZE: min = 1, WHOOSH_COMPOSER_MAX_TEAM_SIZE: max = 3 } = env;
  return [
    ...databaseProblems(env),
    ...(min > max ? ['WHOOSH_COMPOSER_MIN_TEAM_SIZE is larger than WHOOSH_COMPOSER_MAX_TEAM_SIZE'] : []),
  ];
}

export interface ComposerSettings {
  readonly decision: DecisionSettings;
  readonly retryMs: number;
  readonly isAnalysisLogged: boolean;
  readonly isTimeMeasured: boolean;
}

export function composerSettings(env: ComposerEnv): ComposerSettings {
  return {
    decision: {
      defaultStrategy: env.WHOOSH_COMPOSER_DEFAULT_STRATEGY,
      isComplexityAnalysed: env.WHOOSH_COMPOSER_ENABLE_COMPLEXITY_ANALYSIS,
      isRiskAssessed: env.WHOOSH_COMPOSER_ENABLE_RISK_ASSESSMENT,
      hasAlternatives: env.WHOOSH_COMPOSER_ENABLE_ALTERNATIVE_OPTIONS,
      threshold: env.WHOOSH_COMPOSER_SKILL_MATCH_THRESHOLD,
      size: { min: env.WHOOSH_COMPOSER_MIN_TEAM_SIZE, max: env.WHOOSH_COMPOSER_MAX_TEAM_SIZE },
    },
    retryMs: env.WHOOSH_COMPOSER_RETRY_INTERVAL,
    isAnalysisLogged: env.WHOOSH_COMPOSER_ENABLE_ANALYSIS_LOGGING,
    isTimeMeasured: env.WHOOSH_COMPOSER_ENABLE_PERFORMANCE_METRICS,
  };
}
