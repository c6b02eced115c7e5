import { describe, expect, test } from 'vitest';
import { missingLabels, STANDARD_LABELS, twinIds } from './labels.ts';
import { advance, OVERLAP_MS, sinceOf } from './cursor.ts';
import { stepRepository, type Repository, type RepositoryInput } from './repository.ts';

const gitea = {
  giteaId: 1,
  fullName: 'acme/orders',
  owner: 'acme',
  name: 'orders',
  url: 'u',
  defaultBranch: 'main',
};
const added: RepositoryInput = {
  type: 'added',
  gitea,
  newId: 'r',
  monitorIssues: true,
  chorusLabelsOnly: true,
  by: 'user:op',
  at: 1,
};
const content = (chorusIssues: number, issues: number, complete = true): RepositoryInput => ({
  type: 'content_seen',
  chorusIssues,
  issues,
  complete,
  at: 2,
});
const failed: RepositoryInput = { type: 'failed', reason: 'not found', retryInMs: 100, at: 3 };
const settings = (patch: object): RepositoryInput => ({ type: 'settings', by: 'user:op', at: 4, ...patch });

describe('the life of a repository', () => {
  test.each<{ name: string; inputs: RepositoryInput[]; states: string[] }>([
    {
      name: 'becomes active when content is found',
      inputs: [added, { type: 'scan_started', at: 2 }, content(1, 5)],
      states: ['pending', 'initial_scan', 'active'],
    },
    {
      name: 'stays in its initial scan without CHORUS issues',
      inputs: [added, { type: 'scan_started', at: 2 }, content(0, 5)],
      states: ['pending', 'initial_scan'],
    },
    {
      name: 'an empty one scanned to its end is active',
      inputs: [added, { type: 'scan_started', at: 2 }, content(0, 0)],
      states: ['pending', 'initial_scan', 'active'],
    },
    {
      name: 'an empty page in between says nothing',
      inputs: [added, { type: 'scan_started', at: 2 }, content(0, 0, false)],
      states: ['pending', 'initial_scan'],
    },
    {
      name: 'returns from an error by itself',
      inputs: [added, content(1, 1), failed, content(1, 1)],
      states: ['pending', 'active', 'error', 'active'],
    },
    { name: 'added twice is added once', inputs: [added, added], states: ['pending'] },
    {
      name: 'disabled ones do not fail',
      inputs: [added, settings({ enabled: false }), failed],
      states: ['pending', 'disabled'],
    },
    {
      name: 'enabled again it scans again',
      inputs: [added, content(1, 1), settings({ enabled: false }), settings({ enabled: true })],
      states: ['pending', 'active', 'disabled', 'pending'],
    },
    {
      name: 'wider intake scans again',
      inputs: [added, content(1, 1), settings({ chorusLabelsOnly: false })],
      states: ['pending', 'active', 'pending'],
    },
    {
      name: 'removed and added again goes on with its row',
      inputs: [added, { type: 'removed', by: 'x', at: 5 }, added],
      states: ['pending', 'disabled', 'pending'],
    },
  ])('$name', ({ inputs, states }) => {
    let repository: Repository | undefined;
    const seen: string[] = [];
    for (const input of inputs) {
      const step = stepRepository(repository, input);
      if (step === undefined) continue;
      expect(step.repository.revision).toBe((repository?.revision ?? 0) + 1);
      repository = step.repository;
      seen.push(repository.syncStatus);
    }
    expect(seen).toEqual(states);
    expect(repository?.id).toBe('r');
  });
});

test('labels: what is missing, by exact name; twins give way to the lowest id', () => {
  expect(missingLabels([]).length).toBe(9);
  expect(missingLabels(STANDARD_LABELS.map(({ name }) => name))).toEqual([]);
  expect(
    missingLabels(['BUG', ...STANDARD_LABELS.slice(1).map(({ name }) => name)]).map(({ name }) => name),
  ).toEqual(['bug']);
  expect(
    twinIds([
      { id: 9, name: 'bug' },
      { id: 4, name: 'bug' },
      { id: 5, name: 'mine' },
      { id: 6, name: 'mine' },
    ]),
  ).toEqual([9]);
});

test('the cursor re-reads a margin in whole seconds and never goes back', () => {
  expect(sinceOf(null)).toBeUndefined();
  expect(sinceOf(1_700_000_000_900)).toBe(1_700_000_000_000 - OVERLAP_MS);
  expect(advance(10, 5)).toBe(10);
  expect(advance(null, 5)).toBe(5);
});
