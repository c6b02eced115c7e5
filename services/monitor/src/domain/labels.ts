/** The labels that every monitored repository gets, and how to tell which are missing. */

export interface StandardLabel {
  readonly name: string;
  readonly color: string;
  readonly description: string;
}

export const BRIEF_LABEL = 'chorus-entrypoint';
export const WORK_LABEL = 'bzzz-task';

export const STANDARD_LABELS: readonly StandardLabel[] = [
  { name: 'bug', color: '#ee0701', description: 'Something is not working' },
  { name: WORK_LABEL, color: '#ff6b6b', description: 'Work for a team of agents' },
  { name: BRIEF_LABEL, color: '#00aabb', description: 'A Design Brief that opens a project' },
  { name: 'duplicate', color: '#cccccc', description: 'Stands in another issue already' },
  { name: 'enhancement', color: '#84b6eb', description: 'Something new or better' },
  { name: 'help wanted', color: '#128a0c', description: 'Needs more hands' },
  { name: 'invalid', color: '#e6e6e6', description: 'Not something to act on' },
  { name: 'question', color: '#cc317c', description: 'Needs an answer first' },
  { name: 'wontfix', color: '#ffffff', description: 'Will stay as it is' },
];

/**
 * What to create. Gitea compares label names by case when it filters, so the exact name counts as present;
 * organisation labels work on issues too and count as well.
 */
export function missingLabels(presentNames: readonly string[]): readonly StandardLabel[] {
  const present = new Set(presentNames);
  return STANDARD_LABELS.filter(({ name }) => !present.has(name));
}

/** The ids to delete when replicas made twins: all but the lowest of each standard name. */
export function twinIds(
  labels: readonly { readonly id: number; readonly name: string }[],
): readonly number[] {
  const standard = new Set(STANDARD_LABELS.map(({ name }) => name));
  const lowest = new Map<string, number>();
  for (const { id, name } of labels) lowest.set(name, Math.min(id, lowest.get(name) ?? id));
  return labels.filter(({ id, name }) => standard.has(name) && lowest.get(name) !== id).map(({ id }) => id);
}
