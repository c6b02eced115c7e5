import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type DeliveryRequest } from './request.ts';

export type SendOutcome = { readonly status: number } | { readonly error: string };

/** One attempt. A redirect is an answer like any other: it is not followed. Never rejects. */
export function sendDelivery(
  url: string,
  delivery: DeliveryRequest,
  limits: { timeoutMs: number; signal: AbortSignal },
): Promise<SendOutcome> {
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  const signal = AbortSignal.any([limits.signal, AbortSignal.timeout(limits.timeoutMs)]);
  const attempt = new Promise<SendOutcome>((resolve) => {
    const request = open(
      url,
      { method: 'POST', headers: delivery.headers, agent: false, signal },
      (response) => {
        response.on('error', (cause) => resolve({ error: cause.message }));
        response.on('end', () => resolve({ status: response.statusCode ?? 0 }));
        response.resume();
      },
    );
    // Go sends no Connection header, Node would.
    request.removeHeader('connection');
    request.on('error', (cause) => resolve({ error: cause.message }));
    request.end(delivery.body);
  });
  // A header that cannot be sent (a line break in the hook's authorization) throws before anything is opened.
  return attempt.catch((cause: unknown) => ({ error: String(cause) }));
}
