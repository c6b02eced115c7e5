import { councils } from '@whoosh/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ArtifactKind, draft, kindsOf, type Workplace } from './artifacts.ts';
import { type Brief, ITEM_CHARACTERS_MAX, ITEMS_MAX, readBrief, weightOf } from './brief.ts';
import { review } from './review.ts';

const body = `A small service that shortens links, so that our printed posters fit a code of 25 modules.

## Goals
- Shorten a link in **one** request
- Count how often each one is used

## Requirements
1. A REST endpoint that takes a URL
2) [x] a page in React with the most used ones
- [ ] Links are kept in PostgreSQL

## Constraints
Answers within 50 ms for 95 % of requests. No cookie is set.

## Acceptance criteria
- A link that was shortened twice has one code
- The page shows yesterday's numbers

## Out of scope
- Custom domains

\`\`\`sh
- rm -rf /
\`\`\`

Do we need expiry?
`;
const brief = readBrief('Design Brief: Link shortener', body);
const place: Workplace = {
  project: 'acme/links',
  taskId: 't',
  councilId: 'c',
  seats: [{ role: 'qa-lead', agent_id: 'qa-lead-1' }],
  revision: 1,
  revisionReason: null,
};

test('a brief is read by its sections', () => {
  expect(brief).toEqual({
    title: 'Link shortener',
    summary: 'A small service that shortens links, so that our printed posters fit a code of 25 modules.',
    goals: ['Shorten a link in one request', 'Count how often each one is used'],
    scope: [
      'A REST endpoint that takes a URL',
      'a page in React with the most used ones',
      'Links are kept in PostgreSQL',
    ],
    constraints: ['Answers within 50 ms for 95 % of requests.', 'No cookie is set.'],
    acceptance: ['A link that was shortened twice has one code', "The page shows yesterday's numbers"],
    outOfScope: ['Custom domains'],
    questions: ['Do we need expiry?'],
    technologies: ['react', 'rest', 'postgresql'],
  } satisfies Brief);
  expect(weightOf(brief)).toBe(9);
});

test('a brief without any structure still has a goal', () => {
  expect(readBrief('[Design Brief] Robots', 'Make it walk. Make it talk.').goals).toEqual([
    'Make it walk.',
    'Make it talk.',
  ]);
  expect(readBrief('Design brief', '').goals).toEqual(['Untitled project']);
});

test('whatever the text, the reading is bounded and free of control characters', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 2_000 });
  const lines = fc.array(
    fc.oneof(hostile, fc.constantFrom('# Goals', '- ', '```', '## Scope', '1. x', '**A**')),
  );
  fc.assert(
    fc.property(hostile, lines, (title, parts) => {
      const read = readBrief(title, parts.join('\n'));
      expect(read.goals.length).toBeGreaterThan(0);
      for (const list of [read.goals, read.scope, read.constraints, read.acceptance, read.questions]) {
        expect(list.length).toBeLessThanOrEqual(ITEMS_MAX);
        for (const item of list) {
          expect(item.length).toBeLessThanOrEqual(ITEM_CHARACTERS_MAX);
          expect(item.isWellFormed()).toBe(true);
          for (const character of ['\0', '\u001b', '\u202e', '\n']) expect(item).not.toContain(character);
        }
      }
    }),
  );
});

describe('each artifact', () => {
  test.each(councils.ARTIFACT_KINDS)(
    '%s is the same for the same brief, says its goals and passes review',
    (kind) => {
      const made = draft(kind, brief, place);
      expect(draft(kind, brief, place)).toEqual(made);
      expect(made.kind).toBe(kind);
      expect(review(made, brief)).toMatchObject({ vote: 'yes' });
      expect(made.content).toContain('Link shortener');
    },
  );

  test.each(councils.ARTIFACT_KINDS)('%s about another brief is refused with a reason', (kind) => {
    const other = readBrief('Design Brief: Robots', '## Goals\n- Make it walk\n\n## Acceptance\n- It walks');
    const verdict = review(draft(kind, other, place), brief);
    expect(verdict.vote).toBe('no');
    expect(verdict.reason).not.toBe('');
  });

  test.each([
    ['kickoff_manifest', 'not JSON'],
    ['kickoff_manifest', '[]'],
    ['kickoff_manifest', 'null'],
    ['seminal_decision_record', '# Seminal decision record\n\n## Context\n'],
    ['scaffold_plan', '## Structure\n## Steps\n'],
    ['gate_tests', 'Feature: x\n  Scenario: y\n    Given z\n'],
    ['gate_tests', ''],
  ] satisfies [ArtifactKind, string][])('%s is refused when it is %j', (kind, content) => {
    expect(review({ kind, mediaType: 'text/plain', content }, brief).vote).toBe('no');
  });

  test('a revised one is another version and says why', () => {
    for (const kind of councils.ARTIFACT_KINDS) {
      const revised = draft(kind, brief, { ...place, revision: 2, revisionReason: 'Two seats voted no.' });
      expect(revised.content).not.toBe(draft(kind, brief, place).content);
      expect(review(revised, brief).vote).toBe('yes');
    }
  });

  test('whatever the brief, what is written about it passes review and stays within its size', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 300 });
    const section = fc.tuple(
      fc.constantFrom('Goals', 'Scope', 'Acceptance', 'Constraints', 'Out of scope', 'Notes'),
      fc.array(text, { maxLength: 6 }),
    );
    fc.assert(
      fc.property(text, fc.array(section, { maxLength: 6 }), (title, sections) => {
        const written = sections.map(
          ([name, items]) => `## ${name}\n${items.map((i) => `- ${i}`).join('\n')}`,
        );
        const read = readBrief(title, written.join('\n\n'));
        for (const kind of councils.ARTIFACT_KINDS) {
          const made = draft(kind, read, place);
          expect(review(made, read)).toMatchObject({ vote: 'yes' });
          expect(Buffer.byteLength(made.content)).toBeLessThan(councils.ARTIFACT_BYTES_MAX);
        }
      }),
    );
  });
});

test('every kind has exactly one author among the core roles', () => {
  const authored = ['product-manager', 'eng-lead', 'qa-lead'].flatMap(kindsOf);
  expect(authored.toSorted()).toEqual([...councils.ARTIFACT_KINDS].toSorted());
  expect(kindsOf('ux-lead')).toEqual([]);
  expect(kindsOf('constructor')).toEqual([]);
});
