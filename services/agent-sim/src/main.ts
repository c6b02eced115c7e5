import { runService } from '@whoosh/lifecycle';
import { withRemoteTrace } from '@whoosh/telemetry';
import { Env, problems } from './config.ts';
import { startFleet } from './fleet.ts';
import { startSolo } from './solo.ts';

await runService({
  service: 'agent-sim',
  env: Env,
  check: problems,
  start: async (ctx) => {
    if (ctx.env.CHORUS_AGENT_NAME === undefined) await startFleet(ctx);
    else await withRemoteTrace(ctx.env.TRACEPARENT, () => startSolo(ctx));
  },
});
