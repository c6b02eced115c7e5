import { notFound, unprocessable } from './api-error.ts';
import { nextId, type Label, type Scope } from './model.ts';
import { type Turn } from './turn.ts';

export interface LabelFields {
  readonly name?: string | undefined;
  readonly color?: string | undefined;
  readonly description?: string | undefined;
  readonly exclusive?: boolean | undefined;
  readonly is_archived?: boolean | undefined;
}

/** Names are not unique: creating one twice makes two labels. */
export function createLabel(turn: Turn, scope: Scope, fields: LabelFields & { name: string }): Label {
  const label: Label = {
    ...scope,
    id: 0,
    name: fields.name,
    color: normalColor(fields.color ?? ''),
    description: fields.description ?? '',
    exclusive: fields.exclusive ?? false,
    isArchived: fields.is_archived ?? false,
  };
  const added = { ...label, id: nextId(turn.state, 'label') };
  turn.state.labels.push(added);
  return added;
}

/** Renaming a label leaves `updated_at` of the issues that carry it as it is. */
export function editLabel(label: Label, fields: LabelFields): void {
  const color = fields.color === undefined ? label.color : normalColor(fields.color);
  label.name = fields.name ?? label.name;
  label.color = color;
  label.description = fields.description ?? label.description;
  label.exclusive = fields.exclusive ?? label.exclusive;
  label.isArchived = fields.is_archived ?? label.isArchived;
}

export function deleteLabel(turn: Turn, scope: Scope, id: number): void {
  turn.state.labels = turn.state.labels.filter((label) => label.id !== id || !isIn(scope, label));
  for (const issue of turn.state.issues) {
    if (issue.labelIds.includes(id)) issue.labelIds = issue.labelIds.filter((labelId) => labelId !== id);
  }
}

export function labelsIn(turn: Turn, scope: Scope): Label[] {
  return turn.state.labels.filter((label) => isIn(scope, label));
}

export function labelIn(turn: Turn, scope: Scope, id: number): Label {
  const label = labelsIn(turn, scope).find((candidate) => candidate.id === id);
  if (label === undefined) throw notFound();
  return label;
}

function isIn(scope: Scope, label: Label): boolean {
  return label.repositoryId === scope.repositoryId && label.organizationId === scope.organizationId;
}

function normalColor(color: string): string {
  const written = color.trim().startsWith('#') ? color.trim() : `#${color.trim()}`;
  const found = /^#(?:[0-9a-f]{6}|[0-9a-f]{3})$/i.exec(written);
  if (found === null) throw unprocessable(`invalid color: ${written}`);
  const digits = written.slice(1).toLowerCase();
  return digits.length === 6 ? digits : digits.replace(/./g, (digit) => digit + digit);
}
