import { type Msg, type NatsConnection } from '@nats-io/nats-core';
import { councils } from '@whoosh/contracts';
import { type Log } from '@whoosh/telemetry';
import { type Offer } from './domain/offered-seat.ts';

/** Hears of open seats, which the council announces to every agent once a bar. The returned function ends it. */
export function hearOpportunities(
  connection: NatsConnection,
  { log, onOffer }: { readonly log: Pick<Log, 'info'>; readonly onOffer: (offer: Offer) => void },
): () => void {
  const subscription = connection.subscribe(councils.opportunities.subject.wildcard, {
    callback: (failure, message) => {
      if (failure !== null) {
        log.info({ err: failure }, 'open seats are not heard of');
        return;
      }
      const offer = councils.Opportunity.safeParse(bodyOf(message));
      if (offer.success) onOffer(offer.data);
    },
  });
  return () => subscription.unsubscribe();
}

/** Undefined, which is no offer, for what is no JSON. */
function bodyOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
