import { describe, expect, test } from 'vitest';
import { AWAY_MS_MAX, type Council, newestOf, VERSIONS_MAX, votesOn } from './council.ts';
import { NO_VOTE } from './rounds.ts';
import { step } from './step.ts';
import {
  active,
  ALL_ARTIFACTS,
  artifactInput,
  claimInput,
  downbeat,
  formed,
  happenings,
  next,
  voteInput,
  voting,
} from './test-council.ts';

const ARTIFACT_IDS = ALL_ARTIFACTS.map(({ id }) => id);
const withVotes = (council: Council, agents: readonly string[], vote: 'yes' | 'no'): Council =>
  ARTIFACT_IDS.flatMap((id) => agents.map((agent) => voteInput(id, agent, vote))).reduce(next, council);

describe('an artifact', () => {
  test.for([
    {
      name: 'of another role',
      council: active(),
      input: artifactInput('gate_tests', 'eng'),
      code: 'permission_denied',
    },
    {
      name: 'of a stranger',
      council: active(),
      input: artifactInput('gate_tests', 'me'),
      code: 'permission_denied',
    },
    {
      name: 'before work begins',
      council: next(formed(), claimInput('qa-lead', 'qa')),
      input: artifactInput('gate_tests', 'qa'),
      code: 'failed_precondition',
    },
    {
      name: 'that would replace one being voted on',
      council: voting(),
      input: artifactInput('gate_tests', 'qa', 'two'),
      code: 'failed_precondition',
    },
    {
      name: 'of an admin for an empty seat',
      council: formed(),
      input: artifactInput('gate_tests', null),
      code: 'failed_precondition',
    },
  ])('is refused: $name', ({ council, input, code }) => {
    expect(step(council, input)).toMatchObject({ kind: 'refused', code });
  });

  test('gets version, author and address', () => {
    const council = next(
      next(active(), ALL_ARTIFACTS[1]!),
      artifactInput('seminal_decision_record', 'eng', 'two'),
    );
    expect(newestOf(council, 'seminal_decision_record')).toMatchObject({
      version: 2,
      authorAgentId: 'eng',
      authorRole: 'eng-lead',
      ucxlAddress:
        'ucxl://eng:eng-lead@acme.shop:0199a000-0000-7000-8000-000000000002/*^/seminal_decision_record.md',
    });
  });

  test('with the same content is the same version', () => {
    const council = next(active(), ALL_ARTIFACTS[0]!);
    expect(step(council, { ...ALL_ARTIFACTS[0]!, id: 'again' })).toEqual({ kind: 'done', changes: [] });
  });

  test('of an admin is written in the name of the responsible seat', () => {
    const council = next(active(), artifactInput('gate_tests', null));
    expect(newestOf(council, 'gate_tests')).toMatchObject({ authorAgentId: 'qa', authorRole: 'qa-lead' });
  });

  test('may still come in the vote when its kind is missing', () => {
    const council = [
      ...ALL_ARTIFACTS.slice(0, 3),
      downbeat(12),
      downbeat(16),
      downbeat(20),
      downbeat(24),
    ].reduce(next, active());
    expect(council.round?.phase).toBe('vote');
    expect(happenings(step(council, ALL_ARTIFACTS[3]!))).toEqual(['artifact_added']);
  });

  test('has a limited number of versions', () => {
    const versions = Array.from({ length: VERSIONS_MAX }, (_, at) =>
      artifactInput('gate_tests', 'qa', `version ${at}`),
    );
    const council = versions.reduce(next, active());
    expect(step(council, artifactInput('gate_tests', 'qa', 'one more'))).toMatchObject({
      code: 'failed_precondition',
    });
  });
});

describe('phases', () => {
  test('the part of a bar that was left is given to the first phase', () => {
    const council = next(active(), downbeat(12));
    expect(council.round).toMatchObject({ phase: 'propose', phaseOpenedAtBeat: 10 });
    expect(next(council, downbeat(16)).round).toMatchObject({ phase: 'critique', phaseOpenedAtBeat: 16 });
  });

  test('propose closes at the first downbeat when all is there', () => {
    const council = [...ALL_ARTIFACTS, downbeat(12)].reduce(next, active());
    expect(council.round).toMatchObject({ phase: 'critique', phaseOpenedAtBeat: 12 });
  });

  test('every other phase takes its bar, and a downbeat said twice counts once', () => {
    const beats = [12, 12, 16, 16, 20].map(downbeat);
    const phases = beats.map(
      (_, at) => [...ALL_ARTIFACTS, ...beats.slice(0, at + 1)].reduce(next, active()).round?.phase,
    );
    expect(phases).toEqual(['critique', 'critique', 'revise', 'revise', 'vote']);
  });

  test('a phase whose end was not heard begins again, so that nobody is held to a bar that was not counted', () => {
    const slept = next(voting(), downbeat(20 + 400));
    expect(slept).toMatchObject({
      status: 'active',
      round: { number: 1, phase: 'vote', phaseOpenedAtBeat: 420 },
    });
    expect(slept.votes).toEqual([]);
    expect(happenings(step(slept, downbeat(424)))).toContain('round_closed');
  });

  test('a phase waits for the agent of a core seat that is brought back, but not for ever', () => {
    const lost = (at: number) =>
      ({ kind: 'agent_lost', at, by: 'orchestrator', agentId: 'qa', deploymentId: 'deployed' }) as const;
    const deployed: Council = {
      ...voting(),
      seats: voting().seats.map((seat) => ({ ...seat, deploymentId: 'deployed' })),
    };
    const away = next(deployed, lost(downbeat(24).at - AWAY_MS_MAX + 1));
    expect(away.seats.find(({ agentId }) => agentId === 'qa')).toMatchObject({ status: 'claimed' });
    expect(happenings(step(away, downbeat(24)))).toEqual(['phase_changed']);
    const back = next(away, { kind: 'agent_back', at: downbeat(24).at, by: 'orchestrator', agentId: 'qa' });
    expect(happenings(step(back, downbeat(24)))).toContain('round_closed');
    const waited = next(deployed, lost(downbeat(24).at - AWAY_MS_MAX));
    expect(happenings(step(waited, downbeat(24)))).toContain('round_closed');
  });

  test('a phase that is complete waits for nothing, however late its end is heard', () => {
    const voted = withVotes(voting(), ['pm', 'eng', 'qa'], 'yes');
    expect(next(voted, downbeat(420)).status).toBe('completed');
  });

  test('a pulse that counts anew delays the phase and skips none', () => {
    const council = next(voting(), downbeat(0));
    expect(council.round).toMatchObject({ phase: 'vote', phaseOpenedAtBeat: 0 });
    expect(happenings(step(council, downbeat(4)))).toContain('round_closed');
  });
});

describe('a vote', () => {
  test.for([
    {
      name: 'outside the vote',
      council: [...ALL_ARTIFACTS].reduce(next, active()),
      agent: 'pm',
      code: 'failed_precondition',
    },
    { name: 'of a stranger', council: voting(), agent: 'me', code: 'permission_denied' },
    {
      name: 'of an optional seat',
      council: [
        claimInput('ux-lead', 'ux'),
        ...ALL_ARTIFACTS,
        downbeat(12),
        downbeat(16),
        downbeat(20),
      ].reduce(next, active(['ux-lead'])),
      agent: 'ux',
      code: 'permission_denied',
    },
    {
      name: 'that contradicts the first one',
      council: next(voting(), voteInput(ARTIFACT_IDS[0]!, 'pm', 'no')),
      agent: 'pm',
      code: 'taken',
    },
  ])('is refused: $name', ({ council, agent, code }) => {
    expect(step(council, voteInput(ARTIFACT_IDS[0]!, agent))).toMatchObject({ kind: 'refused', code });
  });

  test('on an older version is refused and told of the newest', () => {
    const two = artifactInput('gate_tests', 'qa', 'two');
    const council = [...ALL_ARTIFACTS, two, downbeat(12), downbeat(16), downbeat(20)].reduce(next, active());
    expect(step(council, voteInput(ARTIFACT_IDS[3]!, 'pm'))).toMatchObject({
      code: 'failed_precondition',
      details: { artifact_id: two.id },
    });
  });

  test('said again changes nothing', () => {
    const council = next(voting(), voteInput(ARTIFACT_IDS[0]!, 'pm'));
    expect(step(council, voteInput(ARTIFACT_IDS[0]!, 'pm'))).toEqual({ kind: 'done', changes: [] });
  });
});

describe('the end of a round', () => {
  test('completes the council when more than half of the core seats said yes to all', () => {
    const council = withVotes(voting(), ['pm', 'eng'], 'yes');
    const outcome = step(council, downbeat(24));
    expect(happenings(outcome)).toEqual(['round_closed', 'completed']);
    const ended = next(council, downbeat(24));
    expect(ended.artifacts.every(({ ratified }) => ratified)).toBe(true);
    expect(ended.rounds).toEqual([{ number: 1, openedAtBeat: 10, closedAtBeat: 24, outcome: 'ratified' }]);
    expect(ended.seats.every(({ status }) => status === 'released')).toBe(true);
  });

  test('counts a missing vote as no and stores it with that reason', () => {
    const ended = next(withVotes(voting(), ['pm', 'eng'], 'yes'), downbeat(24));
    const silent = votesOn(ended, ARTIFACT_IDS[0]!).find(({ role }) => role === 'qa-lead');
    expect(silent).toMatchObject({ vote: 'no', reason: NO_VOTE, agentId: 'qa' });
  });

  test('half is not enough: another round begins with what is not ratified', () => {
    const one = withVotes(voting(), ['pm'], 'yes');
    const council = next(one, downbeat(24));
    expect(council).toMatchObject({
      status: 'active',
      round: { number: 2, phase: 'propose', openedAtBeat: 24 },
    });
    expect(council.rounds.map(({ outcome }) => outcome)).toEqual(['revise', null]);
  });

  test('a ratified version is immutable, the others may be revised', () => {
    const manifest = ARTIFACT_IDS[0]!;
    const council = [voteInput(manifest, 'pm'), voteInput(manifest, 'eng'), downbeat(24)].reduce(
      next,
      voting(),
    );
    expect(newestOf(council, 'kickoff_manifest')?.ratified).toBe(true);
    expect(step(council, artifactInput('kickoff_manifest', 'pm', 'two'))).toMatchObject({
      code: 'failed_precondition',
    });
    expect(happenings(step(council, artifactInput('gate_tests', 'qa', 'two')))).toEqual(['artifact_added']);
  });

  test('after round 3 without agreement the council fails not_ratified', () => {
    const beats = Array.from({ length: 9 }, (_, bar) => downbeat(24 + bar * 4));
    const council = beats.reduce(next, voting());
    expect(council).toMatchObject({ status: 'failed' });
    expect(council.reason).toMatch(/^not_ratified: kickoff_manifest, .* after 3 rounds$/);
    expect(council.rounds.map(({ outcome }) => outcome)).toEqual(['revise', 'revise', 'not_ratified']);
  });
});
