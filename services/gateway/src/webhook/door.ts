import { type RequestHandler } from 'express';
import { CallError, INBOX_PREFIX } from '@whoosh/contracts';
import { StoreRefused, type Bus } from '@whoosh/bus';
import { inSpan, withRemoteTrace } from '@whoosh/telemetry';
import { judgeDelivery, type Delivery } from '../domain/delivery.ts';
import { HttpRefusal } from '../domain/failure.ts';

export interface DoorParts {
  readonly bus: Bus;
  /** The one in use first, then the one that a rotation has left behind. Empty: the door is shut. */
  readonly secrets: readonly string[];
  readonly onDelivery: (result: 'stored' | 'duplicate' | 'refused' | 'failed') => void;
}

const STORE_TIMEOUT_MS = 4_000;

/**
 * Judges a delivery by its signature, before anything else is thought about it. What it lets pass is kept in
 * `response.locals` for the limiter and `storeDelivery` behind it.
 */
export function judge(parts: DoorParts): RequestHandler {
  return (request, response, next) => {
    try {
      response.locals['delivery'] = judgeDelivery(
        {
          contentType: request.get('content-type'),
          signature: request.get('x-gitea-signature'),
          deliveryId: request.get('x-gitea-delivery'),
          event: request.get('x-gitea-event'),
          eventType: request.get('x-gitea-event-type'),
          body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
        },
        parts.secrets,
      );
      next();
    } catch (refusal) {
      parts.onDelivery('refused');
      next(refusal);
    }
  };
}

/** Answers 202 only when the stream has acknowledged: Gitea never sends a delivery a second time. */
export function storeDelivery(parts: DoorParts): RequestHandler {
  return async (request, response) => {
    const delivery = response.locals['delivery'] as Delivery;
    const { duplicate } = await withRemoteTrace(request.get('traceparent'), () =>
      inSpan('webhook gitea', { kind: 'producer', attributes: { 'gitea.event': delivery.event } }, async () =>
        put(parts, delivery),
      ),
    );
    parts.onDelivery(duplicate ? 'duplicate' : 'stored');
    response.status(202).json({
      status: 'success',
      data: { delivery: delivery.id, duplicate },
      message: duplicate ? 'Known already' : 'Stored',
    });
  };
}

async function put({ bus, onDelivery }: DoorParts, delivery: Delivery): Promise<{ duplicate: boolean }> {
  try {
    return await bus.store(`${INBOX_PREFIX}.${delivery.id}`, delivery.payload, {
      id: delivery.id,
      timeoutMs: STORE_TIMEOUT_MS,
      headers: {
        'Content-Type': 'application/json',
        'X-Gitea-Delivery': delivery.id,
        'X-Gitea-Event': delivery.event,
        'X-Gitea-Event-Type': delivery.eventType,
      },
    });
  } catch (cause) {
    onDelivery('failed');
    if (cause instanceof StoreRefused && cause.reason === 'too_large') {
      throw new HttpRefusal('too_large', 'The delivery is too large to be stored.');
    }
    if (cause instanceof StoreRefused) {
      throw new CallError('unavailable', 'The inbox takes no delivery right now.', { cause });
    }
    throw cause;
  }
}
