import { backbeat } from '@whoosh/contracts';
import type * as z from 'zod';
import { CONTROL_BYTES_MAX } from './control-decoder.ts';

/** Of all that is named here together: it stands in a header and in logs. */
export const FIELDS_CHARACTERS_MAX = 200;
const FIELDS_MAX = 5;
const NAME_CHARACTERS_MAX = 64;

const CONTRACTS: Readonly<Record<string, { readonly schema: z.ZodType; readonly bytesMax: number }>> = {
  claim: { schema: backbeat.StatusClaim, bytesMax: backbeat.CLAIM_BYTES_MAX },
  rotation: { schema: backbeat.Rotation, bytesMax: CONTROL_BYTES_MAX },
  marker: { schema: backbeat.WindowClose, bytesMax: CONTROL_BYTES_MAX },
};
/** Where the reason itself says which field it is. */
const FIELD_OF: Readonly<Record<string, string>> = {
  foreign_agent: 'agent_id',
  foreign_window: 'window_id',
  ahead: 'beat_index',
};

/**
 * Names the fields for which a message was refused, never what they hold; empty where there is none to name. Reads the
 * message once more, so it is asked only for those that are kept.
 */
export function wrongFields(kind: string, reason: string, payload: Uint8Array): string {
  if (reason !== 'schema') return FIELD_OF[reason] ?? '';
  const contract = CONTRACTS[kind];
  if (contract === undefined) return '';
  if (payload.byteLength > contract.bytesMax) return `the whole, of more than ${contract.bytesMax} bytes`;
  const read = contract.schema.safeParse(parse(payload));
  // A marker whose every field is right has too many beats, or none.
  if (read.success) return kind === 'marker' ? 'to_beat' : '';
  const names = read.error.issues.flatMap(namesOf);
  const more = names.length > FIELDS_MAX ? ` and ${names.length - FIELDS_MAX} more` : '';
  const named = names.slice(0, FIELDS_MAX).join(', ');
  return named.slice(0, FIELDS_CHARACTERS_MAX - more.length) + more;
}

function namesOf(issue: z.core.$ZodIssue): string[] {
  const keys = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [];
  return (keys.length > 0 ? keys : [issue.path]).map(nameOf);
}

/** Some names are the sender's: of those only what may stand in a header, and not all of a long one. */
function nameOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the whole';
  const parts = path.map((part) => String(part) || '""');
  const name = parts.join('.').replaceAll(/[^!-~]/g, '?');
  return name.length > NAME_CHARACTERS_MAX ? `${name.slice(0, NAME_CHARACTERS_MAX)}...` : name;
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(payload)) as unknown;
  } catch {
    return undefined;
  }
}
