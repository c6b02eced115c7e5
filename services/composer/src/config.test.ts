import { ConfigError, readEnv } from '@whoosh/config';
import { expect, test } from 'vitest';
import { ComposerEnv, composerProblems, composerSettings } from './config.ts';

const DATABASE = { WHOOSH_DATABASE_PASSWORD: 'secret' };
const read = (source: Record<string, string>) =>
  readEnv(ComposerEnv, { ...DATABASE, ...source }, { check: composerProblems });

test('decides by heuristics with the documented defaults', () => {
  expect(composerSettings(read({}))).toEqual({
    decision: {
      defaultStrategy: 'minimal_viable',
      isComplexityAnalysed: true,
      isRiskAssessed: true,
      hasAlternatives: false,
      threshold: 0.6,
      size: { min: 1, max: 3 },
    },
    retryMs: 30_000,
    isAnalysisLogged: true,
    isTimeMeasured: true,
  });
});

test.for([
  { name: 'WHOOSH_COMPOSER_ENABLE_LLM_CLASSIFICATION', value: 'true' },
  { name: 'WHOOSH_COMPOSER_ENABLE_LLM_SKILL_ANALYSIS', value: '1' },
  { name: 'WHOOSH_COMPOSER_ENABLE_LLM_TEAM_MATCHING', value: 'yes' },
  { name: 'WHOOSH_COMPOSER_SKILL_MATCH_THRESHOLD', value: '1.2' },
  { name: 'WHOOSH_COMPOSER_DEFAULT_STRATEGY', value: 'everybody' },
  { name: 'WHOOSH_COMPOSER_MAX_TEAM_SIZE', value: '4' },
])('refuses to start with $name=$value and names it', ({ name, value }) => {
  expect(() => read({ [name]: value })).toThrow(ConfigError);
  expect(() => read({ [name]: value })).toThrow(name);
});

test('refuses a least size above the greatest', () => {
  const sizes = { WHOOSH_COMPOSER_MIN_TEAM_SIZE: '3', WHOOSH_COMPOSER_MAX_TEAM_SIZE: '2' };
  expect(() => read(sizes)).toThrow('WHOOSH_COMPOSER_MIN_TEAM_SIZE');
});
