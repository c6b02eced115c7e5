import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kindOf, normalise, priorityOf, type Content, type RawContent } from './intake.ts';
import { stepTask, type Task, type TaskInput } from './task.ts';

const RAW: RawContent = {
  sourceType: 'gitea',
  externalId: '1#7',
  repositoryId: '018f0000-0000-7000-8000-000000000001',
  repository: 'acme/orders',
  number: 7,
  title: 'Design Brief: order tracking',
  body: 'Goal',
  url: null,
  labels: ['chorus-entrypoint'],
  assignees: [],
  author: 'dev',
  issueState: 'open',
  sourceUpdatedAt: 1_000_000,
};
const content = (patch: Partial<RawContent> = {}): Content => normalise({ ...RAW, ...patch });
const seen = (patch: Partial<RawContent> = {}): TaskInput => ({
  type: 'seen',
  content: content(patch),
  newId: 't1',
  chorusLabelsOnly: true,
  by: 'poll',
  at: 5,
});

function play(inputs: readonly TaskInput[]): { task: Task | undefined; events: string[] } {
  let task: Task | undefined;
  const events: string[] = [];
  for (const input of inputs) {
    const step = stepTask(task, input);
    if (step === undefined) continue;
    task = step.task;
    events.push(`${step.event.happened}:${step.change.from ?? ''}>${step.change.to}`);
  }
  return { task, events };
}

const council = (
  happened: 'forming' | 'active' | 'completed' | 'failed' | 'cancelled',
  attempt = 1,
): TaskInput => ({ type: 'council', happened, councilId: 'c1', revision: 1, attempt, reason: 'r', at: 6 });
const team = (
  happened: 'waiting' | 'composed' | 'deployed' | 'working' | 'completed' | 'cancelled',
  attempt = 1,
): TaskInput => ({ type: 'team', happened, teamId: 'm1', revision: 1, attempt, reason: 'r', at: 6 });
const WORK = { labels: ['bzzz-task'], title: 'Fix it' };

describe('the life of a task', () => {
  test.each<{ name: string; inputs: TaskInput[]; events: string[]; status?: string; attempt?: number }>([
    {
      name: 'opens once, however often it is seen',
      inputs: [seen(), seen(), seen()],
      events: ['opened:>open'],
    },
    {
      name: 'an issue without a CHORUS label is none of ours',
      inputs: [seen({ labels: ['bug'] })],
      events: [],
    },
    {
      name: 'an issue closed before it was seen asks for nothing',
      inputs: [seen({ issueState: 'closed' })],
      events: [],
    },
    {
      name: 'a brief that becomes a council',
      inputs: [seen(), council('forming'), council('active'), council('completed')],
      events: [
        'opened:>open',
        'changed:open>forming',
        'changed:forming>in_progress',
        'changed:in_progress>completed',
      ],
    },
    {
      name: 'the same council event twice is one change',
      inputs: [seen(), council('forming'), council('forming')],
      events: ['opened:>open', 'changed:open>forming'],
    },
    {
      name: 'work that gets a team',
      inputs: [seen(WORK), team('composed'), team('deployed'), team('working')],
      events: ['opened:>open', 'assigned:open>assigned', 'changed:assigned>in_progress'],
    },
    {
      name: 'work that waits, then gets a team',
      inputs: [seen(WORK), team('waiting'), team('composed')],
      events: ['opened:>open', 'changed:open>waiting', 'changed:waiting>assigned'],
    },
    {
      name: 'closing a forming brief cancels it',
      inputs: [seen(), council('forming'), seen({ issueState: 'closed' })],
      events: ['opened:>open', 'changed:open>forming', 'closed:forming>cancelled'],
    },
    {
      name: 'closing work in progress completes it',
      inputs: [seen(WORK), team('composed'), team('working'), seen({ ...WORK, issueState: 'closed' })],
      events: [
        'opened:>open',
        'assigned:open>assigned',
        'changed:assigned>in_progress',
        'closed:in_progress>completed',
      ],
    },
    {
      name: 'a cancelled task may still be called completed by its team',
      inputs: [seen(WORK), team('composed'), seen({ ...WORK, issueState: 'closed' }), team('completed')],
      events: [
        'opened:>open',
        'assigned:open>assigned',
        'closed:assigned>cancelled',
        'changed:cancelled>completed',
      ],
    },
    {
      name: 'nothing starts a closed task again but its issue',
      inputs: [seen(), seen({ issueState: 'closed' }), council('forming')],
      events: ['opened:>open', 'closed:open>cancelled', 'changed:cancelled>cancelled'],
    },
    {
      name: 'a reopened one starts a new attempt',
      inputs: [seen(), council('forming'), seen({ issueState: 'closed' }), seen()],
      events: ['opened:>open', 'changed:open>forming', 'closed:forming>cancelled', 'reopened:cancelled>open'],
      attempt: 2,
    },
    {
      name: 'what an earlier attempt says does not count (T3)',
      inputs: [seen(), council('forming'), seen({ issueState: 'closed' }), seen(), council('cancelled', 1)],
      events: ['opened:>open', 'changed:open>forming', 'closed:forming>cancelled', 'reopened:cancelled>open'],
      status: 'open',
    },
    {
      name: 'an older reading changes nothing (T2)',
      inputs: [seen({ title: 'Design Brief: new', sourceUpdatedAt: 2_000_000 }), seen()],
      events: ['opened:>open'],
    },
    {
      name: 'a label taken away is recorded',
      inputs: [seen(), seen({ labels: [] })],
      events: ['opened:>open', 'changed:open>open'],
    },
    {
      name: 'a task that becomes a brief opens as one',
      inputs: [seen({ title: 'Just an idea' }), seen()],
      events: ['opened:>open', 'opened:open>open'],
      attempt: 1,
    },
    {
      name: 'one that becomes work again after its council is a new attempt (T4)',
      inputs: [seen(), council('forming'), seen({ labels: [] }), council('cancelled'), seen()],
      events: [
        'opened:>open',
        'changed:open>forming',
        'changed:forming>forming',
        'changed:forming>cancelled',
        'opened:cancelled>open',
      ],
      attempt: 2,
    },
    {
      name: 'a deleted issue closes its task once',
      inputs: [
        seen(),
        { type: 'gone', reason: 'x', by: 'sweep', at: 9 },
        { type: 'gone', reason: 'x', by: 'sweep', at: 9 },
      ],
      events: ['opened:>open', 'closed:open>cancelled'],
    },
    {
      name: 'a deleted issue that is there again opens again',
      inputs: [seen(), { type: 'gone', reason: 'x', by: 'sweep', at: 9 }, seen()],
      events: ['opened:>open', 'closed:open>cancelled', 'reopened:cancelled>open'],
      attempt: 2,
    },
    {
      name: 'a renamed repository is followed',
      inputs: [seen(), seen({ repository: 'acme/shop' })],
      events: ['opened:>open', 'changed:open>open'],
    },
  ])('$name', ({ inputs, events, status, attempt }) => {
    const played = play(inputs);
    expect(played.events).toEqual(events);
    if (status !== undefined) expect(played.task?.status).toBe(status);
    if (attempt !== undefined) expect(played.task?.attempt).toBe(attempt);
  });

  test('any order and repetition of the readings of one history ends in the newest reading', () => {
    const history = fc.array(
      fc.record({
        title: fc.constantFrom('Design Brief: a', 'Design Brief: b', 'c'),
        body: fc.constantFrom('', 'x', 'y'),
        labels: fc.subarray(['chorus-entrypoint', 'bzzz-task', 'bug']),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(history, fc.array(fc.nat(20), { maxLength: 20 }), (versions, order) => {
        const readings = versions.map((version, index) =>
          content({
            ...version,
            labels: [...version.labels, 'bzzz-task'],
            sourceUpdatedAt: 1_000_000 + index * 1_000,
          }),
        );
        const newest = readings.length - 1;
        const inputs = [
          ...order.map((n) => n % readings.length),
          newest,
          ...order.map((n) => n % readings.length),
        ].map((index): TaskInput => ({
          type: 'seen',
          content: readings[index]!,
          newId: 't',
          chorusLabelsOnly: true,
          by: 'poll',
          at: 1,
        }));
        const { task, events } = play(inputs);
        expect(task?.contentRevision).toBe(readings[newest]!.contentRevision);
        expect(events.filter((event) => event.startsWith('opened:>'))).toHaveLength(1);
        expect(task?.revision).toBe(events.length);
      }),
    );
  });
});

test.each([
  ['Design Brief: x', ['chorus-entrypoint'], 'brief'],
  ['a DESIGN brief', ['chorus-entrypoint', 'bzzz-task'], 'brief'],
  ['Design Brief: x', [], 'other'],
  ['Design Brief: x', ['bzzz-task'], 'work'],
  ['Designs, briefly', ['chorus-entrypoint'], 'other'],
  ['x', ['Bzzz-Task'], 'other'],
])('%j with %j is %s', (title, labels, kind) => {
  expect(kindOf(title, labels)).toBe(kind);
});

test.each([
  [['priority/high'], 'high'],
  [['Priority: Critical', 'bug'], 'critical'],
  [['P3'], 'low'],
  [['high-availability'], 'medium'],
  [['bug'], 'medium'],
])('labels %j mean priority %s', (labels, priority) => {
  expect(priorityOf(labels)).toBe(priority);
});
