import { type Brief } from '../brief.ts';
import { bullets, type Draft, revisionNote, type Workplace } from './draft.ts';

/** The first decision everything else rests on, with what was weighed: the lead engineer's part. */
export function decisionRecord(brief: Brief, place: Workplace): Draft {
  const content = `# Seminal decision record: ${brief.title}

Project ${place.project} · task ${place.taskId} · status: proposed

## Context

${brief.summary}

What has to hold:

${bullets(brief.constraints, '- The brief names no constraint beyond its goals.')}

## Decision

${bullets(decisions(brief), '')}

## Alternatives

${bullets(alternatives(brief), '')}

## Consequences

${bullets(consequences(brief), '')}

## Open questions

${bullets(brief.questions, 'None that the brief leaves open.')}
${revisionNote(place)}`;
  return {
    kind: 'seminal_decision_record',
    mediaType: 'text/markdown',
    path: 'docs/decisions/0001-seminal.md',
    content,
  };
}

function decisions(brief: Brief): string[] {
  const built =
    brief.technologies.length > 0
      ? `Build on what the brief names: ${brief.technologies.join(', ')}.`
      : 'Choose the plainest technology the team knows; the brief names none.';
  return [
    built,
    'Keep the rules free of input and output, and act at the edges.',
    ...brief.goals.map((goal, at) => `Serve goal G${at + 1} first-hand: ${goal}`),
  ];
}

function alternatives(brief: Brief): string[] {
  const left = brief.outOfScope.map(
    (item) => `Taking this in as well: ${item} Rejected: the brief leaves it out.`,
  );
  return [
    'Starting from a larger framework. Rejected: it would decide more than the brief asks for.',
    ...left,
  ];
}

function consequences(brief: Brief): string[] {
  const checks = brief.acceptance.length;
  return [
    checks > 0
      ? `${checks} acceptance criteria are tests before they are features.`
      : 'The goals themselves become the tests, since the brief states no criteria.',
    ...brief.constraints.map((constraint) => `Each change is measured against: ${constraint}`),
  ].slice(0, 12);
}
