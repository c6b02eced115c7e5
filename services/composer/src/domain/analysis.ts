import { type teams } from '@whoosh/contracts';
import { complexityOf, domainsOf, effortHours, riskOf } from './assess.ts';
import { priorityOf, taskType } from './classify.ts';
import { skillsOf } from './skills.ts';
import { readable, type TaskText } from './task-text.ts';

export type TaskAnalysis = teams.TaskAnalysis;
export type Strategy = (typeof teams.STRATEGIES)[number];

export interface AnalysisSettings {
  readonly defaultStrategy: Strategy;
  readonly isComplexityAnalysed: boolean;
  readonly isRiskAssessed: boolean;
}

/** From here on three heads are better than one. */
export const BALANCED_COMPLEXITY_MIN = 0.6;

/** What a task is and needs, by words alone: the same text gives the same analysis. A strategy that is asked for holds. */
export function analyse(text: TaskText, settings: AnalysisSettings, asked?: Strategy): TaskAnalysis {
  const read = readable(text);
  const { type, evidence } = taskType(read);
  const domains = domainsOf(read);
  const complexity = complexityOf(read, type, domains);
  const risk = riskOf(read, type);
  const shownComplexity = settings.isComplexityAnalysed ? complexity : null;
  const shownRisk = settings.isRiskAssessed ? risk : { level: null, reasons: [] };
  return {
    classification: {
      task_type: type,
      complexity: shownComplexity,
      risk_level: shownRisk.level,
      risk_reasons: shownRisk.reasons,
      domains,
      priority: priorityOf(read),
      estimated_effort_hours: shownComplexity === null ? null : effortHours(complexity),
      evidence,
    },
    skills: skillsOf(read, { type, complexity }),
    strategy: asked ?? strategyFor(settings.defaultStrategy, shownComplexity, shownRisk.level),
    method: { classification: 'heuristic', skills: 'heuristic', matching: 'heuristic' },
    fallback_used: false,
  };
}

function strategyFor(
  byDefault: Strategy,
  complexity: number | null,
  risk: TaskAnalysis['classification']['risk_level'],
): Strategy {
  const isHard = complexity !== null && complexity >= BALANCED_COMPLEXITY_MIN;
  return isHard || risk === 'high' || risk === 'critical' ? 'balanced_standard' : byDefault;
}
