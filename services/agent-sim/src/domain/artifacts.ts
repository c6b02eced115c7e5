/** What each role writes, made from the brief and from nothing else: the same brief gives the same words. */
import { decisionRecord } from './artifacts/decision-record.ts';
import { type ArtifactKind, type Draft, type Workplace } from './artifacts/draft.ts';
import { gateTests } from './artifacts/gate-tests.ts';
import { kickoffManifest } from './artifacts/kickoff-manifest.ts';
import { scaffoldPlan } from './artifacts/scaffold-plan.ts';
import { type Brief } from './brief.ts';

export { type ArtifactKind, type Draft, type Workplace } from './artifacts/draft.ts';

const AUTHORS: Readonly<Record<string, readonly ArtifactKind[]>> = {
  'product-manager': ['kickoff_manifest'],
  'eng-lead': ['seminal_decision_record', 'scaffold_plan'],
  'qa-lead': ['gate_tests'],
};

/** The kinds a role is responsible for; none for the optional roles, which review. */
export function kindsOf(role: string): readonly ArtifactKind[] {
  return Object.hasOwn(AUTHORS, role) ? (AUTHORS[role] ?? []) : [];
}

const WRITERS: Readonly<Record<ArtifactKind, (brief: Brief, place: Workplace) => Draft>> = {
  kickoff_manifest: kickoffManifest,
  seminal_decision_record: decisionRecord,
  scaffold_plan: scaffoldPlan,
  gate_tests: gateTests,
};

export function draft(kind: ArtifactKind, brief: Brief, place: Workplace): Draft {
  return WRITERS[kind](brief, place);
}
