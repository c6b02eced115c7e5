import { type councils } from '@whoosh/contracts';

export type ArtifactKind = (typeof councils.ARTIFACT_KINDS)[number];

/** A version of an artifact before it is handed in. */
export interface Draft {
  readonly kind: ArtifactKind;
  readonly mediaType: string;
  readonly path: string;
  readonly content: string;
}

/** What an author knows beside the brief. */
export interface Workplace {
  readonly project: string;
  readonly taskId: string;
  readonly councilId: string;
  readonly seats: readonly { readonly role: string; readonly agent_id: string | null }[];
  /** 1 for the first version; rises with each round in which it has to be revised. */
  readonly revision: number;
  /** Why this version replaces another one. */
  readonly revisionReason: string | null;
}

export function bullets(items: readonly string[], otherwise: string): string {
  return items.length === 0 ? otherwise : items.map((item) => `- ${item}`).join('\n');
}

/** The history of a document, for its readers; nothing in a first version. */
export function revisionNote({ revision, revisionReason }: Workplace): string {
  return revisionReason === null ? '' : `\n## Revision ${revision}\n\n${revisionReason}\n`;
}
