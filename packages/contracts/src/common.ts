import * as z from 'zod';

/** Primary keys: UUID version 7, made by the writer. */
export const Id = z.uuid();
export const AgentId = z
  .string()
  .regex(/^[a-zA-Z0-9_:-]{1,128}$/)
  .describe('Names one agent; also a NATS subject token');
export const RoleId = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);
export const Timestamp = z.iso.datetime({ offset: true }).describe('RFC 3339, UTC');
export const Capability = z.string().min(1).max(64);
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const Revision = z.int().min(0).describe('Rises by one with each change of the life');

/** Lists answer at most this many items at once. */
export const LIST_ITEMS_MAX = 200;

export const PageRequest = {
  limit: z.int().min(1).max(LIST_ITEMS_MAX).default(50),
  cursor: z.string().max(200).optional().describe('The `next_cursor` of the page before'),
};

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item).max(LIST_ITEMS_MAX), next_cursor: z.string().nullable() });
}

export const ById = z.strictObject({ id: Id });

/** Who is asking, as the gateway established it; travels in the header `Whoosh-Principal`. */
export const Principal = z.object({
  kind: z.enum(['user', 'agent', 'service', 'join', 'system']),
  id: z.string().min(1).max(200),
  role: z.enum(['admin', 'user', 'agent', 'service', 'none']),
  deployment_id: Id.optional(),
  /** For `join`: SHA-256 of the join token that was presented. */
  token_sha256: Sha256.optional(),
});
export type Principal = z.infer<typeof Principal>;

/** Header names on the bus. */
export const HEADERS = {
  principal: 'Whoosh-Principal',
  idempotencyKey: 'Whoosh-Idempotency-Key',
  requestId: 'Whoosh-Request-Id',
  causationId: 'Whoosh-Causation-Id',
  hlc: 'Backbeat-Hlc',
  errorCode: 'Nats-Service-Error-Code',
  error: 'Nats-Service-Error',
} as const;

export const Priority = z.enum(['low', 'medium', 'high', 'critical']);
export type Priority = z.infer<typeof Priority>;
