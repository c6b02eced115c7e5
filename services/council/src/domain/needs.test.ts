import { expect, test } from 'vitest';
import { optionalSeats } from './needs.ts';

const seats = (body: string, labels: string[] = []) =>
  optionalSeats({ title: 'Design Brief: shop', body, labels });

test.for([
  { name: 'a plain library', body: 'A parser for CSV, as a library.', roles: [] },
  { name: 'sign-in', body: 'Users sign in with OAuth2; passwords are hashed.', roles: ['sec-lead'] },
  { name: 'operation', body: 'Runs on Kubernetes with automatic rollbacks.', roles: ['devops-lead'] },
  { name: 'people who look at it', body: 'A dashboard that meets WCAG.', roles: ['ux-lead'] },
  {
    name: 'all of it',
    body: 'A web app with payments, deployed by Docker.',
    roles: ['sec-lead', 'devops-lead', 'ux-lead'],
  },
  {
    name: 'what is denied',
    body: 'There is no user interface, and deployment without Docker.',
    roles: ['devops-lead'],
  },
  { name: 'parts of other words', body: 'A matter of authority: the author builds a screenplay.', roles: [] },
])('reads the seats for $name', ({ body, roles }) => {
  expect(seats(body).map(({ role }) => role)).toEqual(roles);
});

test('says which words led to a seat', () => {
  expect(seats('OAuth2 and passwords, passwords, and OAuth2')).toEqual([
    { role: 'sec-lead', why: 'the brief speaks of "oauth2", "passwords"' },
  ]);
});

test.for([
  { name: 'a label', body: '', labels: ['council:ux-lead'], why: 'requested by the label "council:ux-lead"' },
  { name: 'the text', body: 'Please seat a UX lead.', labels: [], why: 'requested in the brief: "ux lead"' },
])('grants a seat that is asked for by $name', ({ body, labels, why }) => {
  expect(seats(body, labels)).toEqual([{ role: 'ux-lead', why }]);
});

test('reads a very long brief in bounded time', () => {
  expect(seats('no '.repeat(200_000))).toEqual([]);
});
