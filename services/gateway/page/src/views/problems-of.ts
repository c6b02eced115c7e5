import { plain } from '../live/words.ts';
import type { World } from '../live/world.ts';

export interface Problem {
  readonly key: string;
  readonly kind: string;
  readonly what: string;
  readonly why: string;
  readonly since: string | null;
  readonly deadLetter?: number;
}

/** Everything that waits for somebody, or went wrong, as far as the page knows. */
export function problemsOf(world: World): Problem[] {
  const problems: Problem[] = [];
  for (const [name, reason] of world.away.value) {
    problems.push({ key: `away-${name}`, kind: 'not to be had', what: name, why: reason, since: null });
  }
  problems.push(...silences(world), ...ailments(world));
  for (const letter of world.deadLetters.value ?? []) {
    problems.push({
      key: `dead-${letter.id}`,
      kind: 'dead letter',
      what: `${letter.event_type ?? letter.subject} for ${letter.consumer}`,
      why: letter.reason,
      since: letter.died_at,
      deadLetter: letter.id,
    });
  }
  for (const council of world.councils.newest.filter(({ status }) => status === 'failed').slice(0, 20)) {
    problems.push({
      key: council.id,
      kind: 'council failed',
      what: council.title,
      why: council.reason ?? '',
      since: council.updated_at,
    });
  }
  for (const team of world.teams.newest.filter(({ status }) => status === 'failed' || status === 'waiting')) {
    const why = team.reason ?? team.missing.map(({ role, reason }) => `${role}: ${reason}`).join(' · ');
    problems.push({
      key: team.id,
      kind: `team ${team.status}`,
      what: team.name,
      why,
      since: team.updated_at,
    });
  }
  for (const one of world.deployments.newest.filter(
    ({ status, desired }) => status === 'failed' && desired === 'present',
  )) {
    problems.push({
      key: one.id,
      kind: 'deployment failed',
      what: `${one.role} as ${one.agent_id}`,
      why: one.reason ?? '',
      since: one.updated_at,
    });
  }
  for (const agent of world.agents.newest.filter(({ status }) => status === 'stale')) {
    problems.push({
      key: agent.id,
      kind: 'agent silent',
      what: agent.agent_id,
      why: 'It missed its beats.',
      since: agent.last_seen,
    });
  }
  for (const repository of world.repositories.newest.filter(({ sync_status }) => sync_status === 'error')) {
    problems.push({
      key: repository.id,
      kind: 'repository',
      what: repository.full_name,
      why: repository.sync_error ?? '',
      since: repository.updated_at,
    });
  }
  const last = world.reports.value.at(-1);
  for (const [index, issue] of (last?.report.issues ?? []).entries()) {
    if (issue.severity === 'info') continue;
    problems.push({
      key: `issue-${index}`,
      kind: 'last bar',
      what: `${plain(issue.category)} (${issue.count})`,
      why: issue.description ?? '',
      since: last?.recorded_at ?? null,
    });
  }
  return problems;
}

const SILENT_BEATS = 2.5;

function silences(world: World): Problem[] {
  const last = world.beats.value.at(-1);
  const problem = (what: string, why: string) => [
    { key: `silent-${what}`, kind: 'silent', what, why, since: null },
  ];
  if (world.link.value === 'lost')
    return problem('the gateway', 'The stream of events broke off; it is tried again.');
  if (!last || performance.now() - last.atMs < (SILENT_BEATS * 60_000) / last.frame.tempo_bpm) return [];
  return problem('the beat', `The last one heard was ${last.frame.beat_index}.`);
}

/** What the services say of themselves; admins only. */
function ailments(world: World): Problem[] {
  const health = world.health.value;
  if (health === undefined) return [];
  const ill = health.services.filter(({ status }) => status === 'degraded');
  return [
    ...health.missing_services.map((name) => ({
      key: `missing-${name}`,
      kind: 'away',
      what: name,
      why: 'No process of this service answers.',
      since: null,
    })),
    ...ill.map(({ service, instance, dependencies }) => ({
      key: instance,
      kind: 'degraded',
      what: service,
      why: Object.entries(dependencies)
        .filter(([, word]) => word !== 'ok')
        .map(([name, word]) => `${name}: ${word}`)
        .join(' · '),
      since: null,
    })),
  ];
}
