import { createHmac, timingSafeEqual } from 'node:crypto';
import * as z from 'zod';
import { HttpRefusal } from './failure.ts';

export interface DeliveryRequest {
  readonly contentType: string | undefined;
  readonly signature: string | undefined;
  readonly deliveryId: string | undefined;
  readonly event: string | undefined;
  readonly eventType: string | undefined;
  readonly body: Uint8Array;
}

/** A delivery that may be stored: who it is from is proved, what it says is still only a hint. */
export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly eventType: string;
  /** The JSON that was signed, byte for byte. */
  readonly payload: Uint8Array;
}

const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';
const EventName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
const DeliveryId = z.uuid();

/**
 * Judges one delivery of Gitea by the secrets that are valid now (during a rotation there are two). Throws an
 * HttpRefusal that says why not. Gitea signs the raw body with HMAC-SHA256; of a form it signs the decoded
 * `payload` field. A hook without a secret sends the header empty, and that is refused like a wrong one.
 */
export function judgeDelivery(request: DeliveryRequest, secrets: readonly string[]): Delivery {
  if (secrets.length === 0) {
    throw new HttpRefusal('disabled', 'Webhooks are off: no webhook token is configured. Polling goes on.');
  }
  const payload = signedPayload(request);
  if (!secrets.some((secret) => isSignedWith(secret, payload, request.signature ?? ''))) {
    throw new HttpRefusal('unauthenticated', 'The signature is missing or wrong.');
  }
  const id = DeliveryId.safeParse(request.deliveryId);
  if (!id.success) throw new HttpRefusal('invalid_argument', 'X-Gitea-Delivery must be a UUID.');
  const event = EventName.safeParse(request.event);
  if (!event.success) throw new HttpRefusal('invalid_argument', 'X-Gitea-Event is missing or malformed.');
  const eventType = EventName.safeParse(request.eventType ?? request.event);
  if (!eventType.success) throw new HttpRefusal('invalid_argument', 'X-Gitea-Event-Type is malformed.');
  assertJsonObject(payload);
  return { id: id.data.toLowerCase(), event: event.data, eventType: eventType.data, payload };
}

function signedPayload({ contentType, body }: DeliveryRequest): Uint8Array {
  const type = mediaType(contentType);
  if (type === JSON_TYPE) return body;
  if (type !== FORM_TYPE) {
    throw new HttpRefusal('unsupported_media_type', `Content-Type must be ${JSON_TYPE} or ${FORM_TYPE}.`);
  }
  const field = new URLSearchParams(Buffer.from(body).toString('utf8')).get('payload');
  return Buffer.from(field ?? '', 'utf8');
}

/** The media type of a Content-Type header, without its parameters, in lower case. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

export function signatureOf(secret: string, payload: Uint8Array): string {
  return createHmac('sha256', secret).update(payload).digest('hex');
}

function isSignedWith(secret: string, payload: Uint8Array, signature: string): boolean {
  const expected = Buffer.from(signatureOf(secret, payload), 'hex');
  const given = /^[0-9a-f]{64}$/i.test(signature) ? Buffer.from(signature, 'hex') : Buffer.alloc(32);
  return timingSafeEqual(expected, given);
}

function assertJsonObject(payload: Uint8Array): void {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (cause) {
    throw new HttpRefusal('invalid_argument', 'The payload is not valid JSON.', {
      reason: cause instanceof Error ? cause.name : 'unknown',
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpRefusal('invalid_argument', 'The payload is not a JSON object.');
  }
}
