import { type Brief } from '../brief.ts';
import { type Draft, type Workplace } from './draft.ts';

/** What must be shown before it counts as done, one scenario each: the quality lead's part. */
export function gateTests(brief: Brief, place: Workplace): Draft {
  const criteria = brief.acceptance.length > 0 ? brief.acceptance : brief.goals;
  const scenarios = [
    ...criteria.map((criterion, at) => scenario(`A${at + 1}`, criterion, acceptanceSteps(brief, criterion))),
    ...brief.constraints.map((constraint, at) =>
      scenario(`C${at + 1}`, constraint, constraintSteps(constraint)),
    ),
    ...brief.outOfScope.map((item, at) => scenario(`N${at + 1}`, `left out: ${item}`, exclusionSteps(item))),
  ];
  const note =
    place.revisionReason === null ? '' : `  # Revision ${place.revision}: ${line(place.revisionReason)}\n`;
  const content = `Feature: ${line(brief.title)}
  Gates of project ${line(place.project)}, derived from its brief.
${note}
${scenarios.join('\n')}`;
  return { kind: 'gate_tests', mediaType: 'text/x-gherkin', path: 'test/gates/brief.feature', content };
}

function scenario(id: string, name: string, steps: readonly string[]): string {
  return [`  Scenario: ${id} ${line(name)}`, ...steps.map((step) => `    ${step}`), ''].join('\n');
}

function acceptanceSteps(brief: Brief, criterion: string): string[] {
  const goal = closest(brief.goals, criterion);
  return [
    `Given the build serves the goal "${quoted(goal)}"`,
    'When its acceptance is checked',
    `Then it holds that "${quoted(criterion)}"`,
  ];
}

function constraintSteps(constraint: string): string[] {
  const measure = /\d+(?:[.,]\d+)?\s*(?:%|ms|s|seconds?|minutes?|MB|GB|users?|requests?)?/.exec(
    constraint,
  )?.[0];
  return [
    'Given the build as it would be released',
    measure === undefined
      ? 'When it is reviewed against its constraints'
      : `When it is measured against ${measure.trim()}`,
    `Then it respects "${quoted(constraint)}"`,
  ];
}

function exclusionSteps(item: string): string[] {
  return [
    'Given the build as it would be released',
    'When its features are listed',
    `Then none of them is "${quoted(item)}"`,
  ];
}

/** The goal that shares most words with the criterion; the first when none does. */
function closest(goals: readonly string[], criterion: string): string {
  const words = wordsOf(criterion);
  const shared = (goal: string) => [...wordsOf(goal)].filter((word) => words.has(word)).length;
  return goals.reduce((best, goal) => (shared(goal) > shared(best) ? goal : best), goals[0] ?? criterion);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\d]{4,}/gu) ?? []);
}

function line(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

function quoted(text: string): string {
  return line(text).replaceAll('"', "'");
}
