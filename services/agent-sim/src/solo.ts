import { timingSafeEqual } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { type Agent, type Beat, connect } from '@whoosh/backbeat-sdk';
import { signaturePolicy } from '@whoosh/backbeat-sdk/keys';
import { clusterName, natsAuth, natsServers } from '@whoosh/config';
import { sendJson, type ServiceContext, supervise } from '@whoosh/lifecycle';
import { assert } from '@whoosh/stdx';
import { type Log } from '@whoosh/telemetry';
import { type Env, signerOf } from './config.ts';
import { Contact } from './contact.ts';
import { CouncilSeat } from './council-seat.ts';
import { Credentials } from './credentials.ts';
import { type Brief, readBrief } from './domain/brief.ts';
import { type Offer } from './domain/offered-seat.ts';
import { type Claim } from './domain/sim-agent.ts';
import { SimMetrics } from './metrics.ts';
import { hearOpportunities } from './opportunity-ear.ts';
import { AgentRecord } from './record.ts';
import { Rest, RestRefusal } from './rest.ts';
import { TeamSeat } from './team-seat.ts';

const FAREWELL_TIMEOUT_MS = 2_000;
const CAPABILITIES_MAX = 64;
/** What was handed over may be cut short: a gateway that is away for a moment is asked again. */
const TASK_READINGS_MAX = 5;
const READ_AGAIN_MS = 1_000;

interface Seat {
  onBeat(beat: Beat): Claim;
  /** An open seat was announced; only a seat in a council is had that way. */
  offered?(offer: Offer): void;
  farewell(): Claim;
  settled(): Promise<void>;
}

/** One agent in a process or container of its own: registers, follows the beat, does its part, says farewell. */
export async function startSolo(ctx: ServiceContext<Env>): Promise<void> {
  const { env, log, resources } = ctx;
  const { CHORUS_AGENT_ID: agentId, CHORUS_AGENT_NAME: role, CHORUS_TASK_ID: taskId } = env;
  const { WHOOSH_ENDPOINT: endpoint, WHOOSH_AGENT_TOKEN: joinToken } = env;
  assert(agentId && role && taskId && endpoint && joinToken, 'checked when the environment was read');

  const contact = new Contact();
  const metrics = new SimMetrics(ctx.registry);
  const record = await takeRecord(ctx, contact);
  const capabilities = capabilitiesOf(env.CHORUS_CAPABILITIES, role);
  const credentials = new Credentials({
    profile: {
      agent_id: agentId,
      name: role,
      role,
      capabilities,
      ...(env.CHORUS_MODEL && { model: env.CHORUS_MODEL }),
    },
    joinToken: joinToken.reveal(),
    log,
  });
  const rest = new Rest({
    endpoint,
    token: () => credentials.token,
    onResult: (result) => {
      metrics.requests.inc({ result });
      if (result !== 'away') contact.touched();
    },
  });
  // From the beginning: an agent that still waits for the gateway may have been replaced meanwhile.
  let frameAgeMs: () => number | undefined = () => undefined;
  const watch = { contact, record, log, frameAgeMs: () => frameAgeMs() };
  resources.use(supervise('contact', (signal) => watchContact(watch, signal), { log }));
  await credentials.register(rest, ctx.stopping);
  log.info({ agent: agentId, role }, 'registered');
  // Disposed in reverse: first the last claim, while the connection still stands, and then the farewell. A claim that is
  // heard after it would call the agent back.
  resources.defer(() => inTime(sayFarewell(rest, agentId, log), log));

  const agent = resources.use(await join(ctx, agentId));
  frameAgeMs = () => agent.health().lastFrameAgeMs;
  const brief = await readTask(rest, taskId, ctx);
  const seat = seatOf({ env, rest, log, agentId, role, capabilities, taskId, brief });
  resources.defer(() => inTime(sayLastWords(agent, seat, log), log));
  resources.defer(
    hearOpportunities(agent.link.connection, { log, onOffer: (offer) => seat.offered?.(offer) }),
  );
  resources.use(
    supervise('credentials', (signal) => endWhenRefused(credentials.keepFresh(rest, signal), signal, log), {
      log,
    }),
  );
  ctx.readiness.check('beat', () => (agent.currentBeat() === undefined ? 'no beat was heard yet' : true));

  metrics.agents.set(1);
  agent.onBeat((beat) => {
    metrics.beats.inc();
    say(agent, seat.onBeat(beat), metrics, log);
  });
}

async function takeRecord(ctx: ServiceContext<Env>, contact: Contact): Promise<AgentRecord | undefined> {
  const { WHOOSH_AGENT_RECORD: path, WHOOSH_AGENT_NONCE: nonce, CHORUS_AGENT_ID: agent_id } = ctx.env;
  if (path === undefined || nonce === undefined) return undefined;
  ctx.admin.route('GET', '/agent', (_request, response) => {
    contact.touched();
    sendJson(response, 200, { agent_id, nonce, pid: process.pid });
  });
  ctx.admin.route('POST', '/stop', (request, response) => {
    if (!isSame(request.headers['whoosh-agent-nonce'], nonce)) {
      sendJson(response, 403, { error: 'this is another agent' });
      return;
    }
    sendJson(response, 202, { agent_id, stopping: true });
    stopSelf(ctx.log, 'asked to stop');
  });
  return await AgentRecord.take(path, nonce, ctx.admin.url);
}

function isSame(given: string | string[] | undefined, nonce: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(nonce)];
  return a.length === b.length && timingSafeEqual(a, b);
}

async function join({ env, log, readiness }: ServiceContext<Env>, agentId: string): Promise<Agent> {
  const auth = natsAuth(env);
  return await connect({
    natsUrl: env.CHORUS_BACKBEAT_NATS_URL ?? natsServers(env),
    clusterId: env.CHORUS_BACKBEAT_CLUSTER_ID ?? clusterName(env),
    agentId,
    log,
    readiness,
    signer: signerOf(env),
    signatures: signaturePolicy(env),
    ...(auth && { natsOptions: { user: auth.user, pass: auth.password.reveal() } }),
  });
}

/** The whole text over REST; what the environment carries when that is not to be had. */
async function readTask(
  rest: Rest,
  taskId: string,
  { env, log, stopping }: Pick<ServiceContext<Env>, 'env' | 'log' | 'stopping'>,
): Promise<Brief> {
  for (let reading = 1; ; reading += 1) {
    try {
      const { title, body } = await rest.task(taskId);
      return readBrief(title, body);
    } catch (cause) {
      const isPassing = cause instanceof RestRefusal && cause.isPassing;
      if (isPassing && reading < TASK_READINGS_MAX && !stopping.aborted) {
        await wait(cause.retryAfterMs ?? READ_AGAIN_MS, undefined, { signal: stopping }).catch(
          () => undefined,
        );
        continue;
      }
      log.warn({ err: cause, task: taskId }, 'the task could not be read, working from what was handed over');
      return readBrief(env.CHORUS_TASK_TITLE ?? '', env.CHORUS_TASK_DESC ?? '');
    }
  }
}

interface SeatOptions {
  readonly env: ServiceContext<Env>['env'];
  readonly rest: Rest;
  readonly log: Log;
  readonly agentId: string;
  readonly role: string;
  readonly capabilities: readonly string[];
  readonly taskId: string;
  readonly brief: Brief;
}

function seatOf({ env, ...options }: SeatOptions): Seat {
  const councilId = env.CHORUS_COUNCIL_ID;
  return councilId === undefined ? new TeamSeat(options) : new CouncilSeat({ ...options, councilId });
}

/** What the profile says, and always the role itself: that is what a seat asks for. */
function capabilitiesOf(list: string | undefined, role: string): string[] {
  const named = (list ?? '').split(',').map((name) => name.trim());
  return [...new Set([role, ...named])].filter((name) => name !== '').slice(0, CAPABILITIES_MAX);
}

function say(agent: Agent, claim: Claim, metrics: SimMetrics, log: Log): void {
  agent.emitStatusClaim(claim).then(
    () => metrics.claims.inc({ way: 'honest' }),
    (cause: unknown) => {
      metrics.lost.inc();
      log.warn({ err: cause }, 'a StatusClaim was lost');
    },
  );
}

async function endWhenRefused(work: Promise<void>, signal: AbortSignal, log: Log): Promise<void> {
  try {
    await work;
  } catch (cause) {
    if (signal.aborted) return;
    log.warn({ err: cause }, 'this agent may not be here any more');
    stopSelf(log, 'its token was not renewed');
  }
}

interface Watch {
  readonly contact: Contact;
  readonly record: AgentRecord | undefined;
  /** Age of the pulse's last beat, which counts as contact too. */
  readonly frameAgeMs: () => number | undefined;
  readonly log: Log;
}

async function watchContact({ contact, record, frameAgeMs, log }: Watch, signal: AbortSignal): Promise<void> {
  const isWanted = async () => record === undefined || (await record.isOurs());
  stopSelf(log, await contact.lost({ frameAgeMs, isWanted }, signal));
}

/** Ends this process the way an operator would. */
function stopSelf(log: Log, reason: string): void {
  log.info({ reason }, 'the agent ends');
  process.kill(process.pid, 'SIGTERM');
}

/** The end of a process does not wait for somebody who is away. */
async function inTime(words: Promise<void>, log: Log): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = setTimeout(resolve, FAREWELL_TIMEOUT_MS, 'late' as const);
  if ((await Promise.race([words, late])) === 'late') log.warn('the farewell was not heard in time');
  clearTimeout(timer);
}

async function sayLastWords(agent: Agent, seat: Seat, log: Log): Promise<void> {
  try {
    await seat.settled();
    await agent.emitStatusClaim(seat.farewell(), { immediately: true });
  } catch (cause) {
    // Before the first beat nobody waits for a claim.
    if (agent.currentBeat() !== undefined) log.warn({ err: cause }, 'the last StatusClaim was lost');
  }
  await agent.close();
}

async function sayFarewell(rest: Rest, agentId: string, log: Log): Promise<void> {
  await rest
    .setStatus(agentId, 'offline')
    .catch((cause: unknown) => log.info({ err: cause }, 'the farewell was not heard'));
}
