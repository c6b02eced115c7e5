import { setTimeout as delay } from 'node:timers/promises';
import { type RunningWhoosh } from '../main-job/running-whoosh.ts';

export const BROKER_AWAY_MS = 20_000;
/** Long enough after the issues were opened that both jobs are under way. */
const AFTER_MS = 1_500;

/** Stops the broker in the middle and lets it go on; resolves with what the gateway said of itself meanwhile. */
export async function freezeBroker(whoosh: RunningWhoosh): Promise<{ readonly statusWhileAway: number }> {
  await delay(AFTER_MS);
  whoosh.signal('nats', 'SIGSTOP');
  await delay(BROKER_AWAY_MS / 2);
  const { status } = await whoosh.rest.send('GET', '/health/ready');
  await delay(BROKER_AWAY_MS / 2);
  whoosh.signal('nats', 'SIGCONT');
  return { statusWhileAway: status };
}
