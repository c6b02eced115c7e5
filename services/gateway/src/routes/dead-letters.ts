import * as z from 'zod';
import { LIST_ITEMS_MAX, PageRequest, Timestamp } from '@whoosh/contracts';
import { ownRoute, type Route } from './route.ts';

export const DeadLetter = z.object({
  id: z.int().min(1).describe('Sequence in the stream of dead letters'),
  consumer: z.string().describe('Who could not handle it'),
  subject: z.string().describe('Where the message was published first'),
  reason: z.string(),
  attempts: z.int().min(0),
  event_type: z.string().nullable(),
  headers: z.record(z.string(), z.string()).describe('Headers of the original message'),
  body_excerpt: z.string(),
  bytes: z.int().min(0),
  died_at: Timestamp,
});
export type DeadLetter = z.infer<typeof DeadLetter>;

const ById = z.strictObject({ id: z.int().min(1) });
const form = { who: 'admin', tag: 'dead letters', params: { id: 'id' } } as const;

export const DEAD_LETTER_ROUTES: readonly Route[] = [
  ownRoute(
    {
      method: 'get',
      path: '/api/v1/dead-letters',
      who: 'admin',
      tag: 'dead letters',
      operation: 'listDeadLetters',
      message: 'Dead letters',
    },
    {
      description:
        'Messages that could not be handled, newest first. A page may hold fewer than `limit` and still have a next one',
      request: z.strictObject({
        ...PageRequest,
        consumer: z
          .string()
          .regex(/^[a-z][a-z-]{0,63}$/)
          .optional(),
      }),
      reply: z.object({
        items: z.array(DeadLetter).max(LIST_ITEMS_MAX),
        next_cursor: z.string().nullable(),
      }),
      handle: async (request, desk) => desk.deadLetters.list(request),
    },
  ),
  ownRoute(
    {
      ...form,
      method: 'post',
      path: '/api/v1/dead-letters/{id}/replay',
      operation: 'replayDeadLetter',
      status: 202,
      message: 'Handed to its consumer once more',
    },
    {
      description: 'Hands the message, as it was, to the consumer that gave up, and to no other',
      request: ById,
      reply: z.object({ id: z.int(), consumer: z.string() }),
      errors: ['not_found', 'failed_precondition'],
      handle: async ({ id }, desk) => desk.deadLetters.replay(id),
    },
  ),
  ownRoute(
    {
      ...form,
      method: 'delete',
      path: '/api/v1/dead-letters/{id}',
      operation: 'dropDeadLetter',
      message: 'Dropped',
    },
    {
      description: 'Forgets the message for good',
      request: ById,
      reply: z.object({ id: z.int() }),
      errors: ['not_found'],
      handle: async ({ id }, desk) => desk.deadLetters.drop(id),
    },
  ),
];
