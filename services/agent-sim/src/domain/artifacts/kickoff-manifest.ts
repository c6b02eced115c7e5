import { type Brief } from '../brief.ts';
import { type Draft, type Workplace } from './draft.ts';

/** Who agreed to build what, in a form that programs read as well: the product manager's part. */
export function kickoffManifest(brief: Brief, place: Workplace): Draft {
  const manifest = {
    schema: 'whoosh.kickoff-manifest.v1',
    project: { name: place.project, title: brief.title, task_id: place.taskId, council_id: place.councilId },
    summary: brief.summary,
    goals: brief.goals.map((text, at) => ({ id: `G${at + 1}`, text })),
    scope: { in: brief.scope, out: brief.outOfScope },
    constraints: brief.constraints,
    acceptance: brief.acceptance,
    technologies: brief.technologies,
    open_questions: brief.questions,
    council: place.seats,
    milestones: milestones(brief),
    revision: { number: place.revision, reason: place.revisionReason },
  };
  return {
    kind: 'kickoff_manifest',
    mediaType: 'application/json',
    path: 'kickoff/manifest.json',
    content: `${JSON.stringify(manifest, null, 2)}\n`,
  };
}

function milestones(brief: Brief): { name: string; done_when: string }[] {
  const steps = brief.goals.map((goal, at) => ({ name: `M${at + 1}`, done_when: goal }));
  return [
    { name: 'M0', done_when: 'The repository builds, and its checks run on every change.' },
    ...steps,
    { name: `M${steps.length + 1}`, done_when: 'Every gate test passes.' },
  ];
}
