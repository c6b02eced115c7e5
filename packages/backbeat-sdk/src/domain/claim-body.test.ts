import { backbeat } from '@whoosh/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClaimInput, type ClaimProblem, writeClaim } from './claim-body.ts';

const FRAME = { agentId: 'worker:7', beatIndex: 12, hlc: '7ffd:0001:beef', degraded: false };

function written(input: unknown, frame = FRAME): unknown {
  const claim = writeClaim(input as ClaimInput, frame);
  if (!claim.ok) throw new Error(JSON.stringify(claim.problems));
  return JSON.parse(new TextDecoder().decode(claim.payload));
}

function problemsOf(input: unknown, frame = FRAME): readonly ClaimProblem[] {
  const claim = writeClaim(input as ClaimInput, frame);
  return claim.ok ? [] : claim.problems;
}

describe('a claim', () => {
  test('gets its type, agent, beat and timestamp', () => {
    const said = { state: 'executing', task_id: 't.1', beats_left: 3, progress: 0.5, notes: 'half' };
    expect(written(said)).toEqual({
      ...said,
      type: 'backbeat.statusclaim.v1',
      agent_id: 'worker:7',
      beat_index: 12,
      hlc: '7ffd:0001:beef',
    });
  });

  test('of a time alone says so, beside what the agent says itself', () => {
    const alone = { ...FRAME, degraded: true };
    expect(written({ state: 'idle' }, alone)).toMatchObject({ metadata: { degraded: true } });
    const own = { state: 'idle', metadata: { shift: 'night', degraded: false } };
    expect(written(own, alone)).toMatchObject({ metadata: { shift: 'night', degraded: true } });
    expect(written({ state: 'idle' })).not.toHaveProperty('metadata');
  });
});

const circle: Record<string, unknown> = {};
circle['self'] = circle;

test.each<[string, unknown, string, RegExp]>([
  ['nothing', undefined, 'claim', /^must be an object$/],
  ['null', null, 'claim', /^must be an object$/],
  ['a text', 'idle', 'claim', /^must be an object$/],
  ['a list', ['idle'], 'claim', /^must be an object$/],
  ['no state', {}, 'state', /^must be one of idle, planning, .*, helping$/],
  ['no such state', { state: 'sleeping' }, 'state', /^must be one of idle, planning/],
  ['a state that is a number', { state: 3 }, 'state', /^must be one of/],
  ['a name that every object has', { state: 'constructor' }, 'state', /^must be one of/],
  ['the synonym done', { state: 'done' }, 'state', /say "completed"$/],
  ['the synonym review', { state: 'review' }, 'state', /say "reviewing"$/],
  ['the synonym waiting', { state: 'waiting' }, 'state', /say "blocked"$/],
  ['progress in per cent', { state: 'idle', progress: 50 }, 'progress', /<=1/],
  ['negative progress', { state: 'idle', progress: -0.1 }, 'progress', />=0/],
  ['progress that is no number', { state: 'idle', progress: Number.NaN }, 'progress', /NaN/],
  ['progress as a text', { state: 'idle', progress: '0.5' }, 'progress', /expected number.*string/],
  ['half a beat', { state: 'idle', beats_left: 1.5 }, 'beats_left', /expected int/],
  ['beats of the past', { state: 'idle', beats_left: -1 }, 'beats_left', />=0/],
  ['too many beats', { state: 'idle', beats_left: 1_001 }, 'beats_left', /<=1000/],
  ['a task with a blank', { state: 'idle', task_id: 'my task' }, 'task_id', /pattern/],
  ['an empty task', { state: 'idle', task_id: '' }, 'task_id', /pattern/],
  ['long notes', { state: 'idle', notes: 'x'.repeat(257) }, 'notes', /<=256 characters/],
  ['too many dependencies', { state: 'idle', dependencies: Array(65).fill('a') }, 'dependencies', /<=64/],
  ['a bad dependency', { state: 'idle', dependencies: ['a', 'b c'] }, 'dependencies.1', /pattern/],
  ['a bad figure', { state: 'idle', resources: { cpu_percent: -1 } }, 'resources.cpu_percent', />=0/],
  ['an unknown resource', { state: 'idle', resources: { gpu: 1 } }, 'resources.gpu', /^is not known/],
  ['an unknown field', { state: 'idle', mood: 'good' }, 'mood', /^is not known; .* metadata$/],
  ['metadata as a text', { state: 'idle', metadata: 'x' }, 'metadata', /expected record/],
  ['metadata that goes in circles', { state: 'idle', metadata: circle }, 'metadata', /JSON$/],
  ['metadata with a big integer', { state: 'idle', metadata: { n: 1n } }, 'metadata', /JSON$/],
  [
    'metadata that is too large',
    { state: 'idle', metadata: { text: 'x'.repeat(backbeat.CLAIM_BYTES_MAX) } },
    'metadata',
    /bytes long; it may have 32768$/,
  ],
  ['another type', { state: 'idle', type: 'backbeat.barreport.v1' }, 'type', /^is filled in/],
  ['another agent', { state: 'idle', agent_id: 'other' }, 'agent_id', /^is filled in/],
  ['another beat', { state: 'idle', beat_index: 3 }, 'beat_index', /^is filled in/],
  ['another time', { state: 'idle', hlc: '0000:0000:0000' }, 'hlc', /^is filled in/],
])('%s is refused by its field, with what is wrong', (_, input, field, problem) => {
  for (const degraded of [false, true]) {
    expect(problemsOf(input, { ...FRAME, degraded })).toEqual([
      { field, problem: expect.stringMatching(problem) },
    ]);
  }
});

test('all problems are told at once, up to twenty', () => {
  const fields = (input: unknown) => problemsOf(input).map(({ field }) => field);
  expect(fields({ state: 'done', progress: 2, mood: 1, beat_index: 3 }).toSorted()).toEqual([
    'beat_index',
    'mood',
    'progress',
    'state',
  ]);
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}${'x'.repeat(500)}`, i]));
  expect(fields({ state: 'idle', ...many })).toHaveLength(20);
  expect(Math.max(...fields({ state: 'idle', ...many }).map((field) => field.length))).toBeLessThanOrEqual(
    64,
  );
});

test('whatever is said, it becomes a claim that its reader takes, or a problem by name', () => {
  const loose = fc.record(
    {
      state: fc.oneof(fc.constantFrom(...backbeat.CLAIM_STATES, 'done'), fc.anything()),
      task_id: fc.oneof(fc.string(), fc.anything()),
      beats_left: fc.oneof(fc.integer(), fc.double(), fc.anything()),
      progress: fc.oneof(fc.double({ min: 0, max: 1 }), fc.anything()),
      notes: fc.oneof(fc.string({ maxLength: 300 }), fc.anything()),
      resources: fc.anything(),
      dependencies: fc.oneof(fc.array(fc.string()), fc.anything()),
      metadata: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.anything()),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(loose, fc.anything()), fc.boolean(), (input, degraded) => {
      const claim = writeClaim(input as ClaimInput, { ...FRAME, degraded });
      if (!claim.ok) {
        expect(claim.problems.length).toBeGreaterThan(0);
        return;
      }
      const read = backbeat.StatusClaim.parse(JSON.parse(new TextDecoder().decode(claim.payload)));
      expect(read).toMatchObject({ agent_id: 'worker:7', beat_index: 12, hlc: '7ffd:0001:beef' });
      expect(read.state).toBe((input as ClaimInput).state);
      if (degraded) expect(read.metadata).toMatchObject({ degraded: true });
    }),
    { numRuns: 300 },
  );
});
