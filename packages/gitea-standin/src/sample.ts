import { type Standin } from './standin.ts';

const TASK_LABEL = { name: 'bzzz-task', color: '#ff6b6b', description: 'Work for an agent team' };
const BRIEF_LABEL = { name: 'chorus-entrypoint', color: '#00aabb', description: 'Kickoff brief' };

/** Accounts that every run has: an administrator and a developer. Accounts that exist are left as they are. */
export function seedAccounts(standin: Standin): void {
  const known = new Set(standin.state.users.map((user) => user.login));
  if (!known.has('operator')) standin.admin.createUser({ username: 'operator', admin: true });
  if (!known.has('dev')) standin.admin.createUser({ username: 'dev' });
}

/** An organization with two repositories, labels and a first issue; does nothing when the organization exists. */
export function seedSample(standin: Standin): void {
  const { admin } = standin;
  if (standin.state.users.some((user) => user.login === 'acme')) return;
  admin.createOrganization('acme');
  for (const [name, description] of [
    ['orders', 'Order service'],
    ['storefront', 'The shop that customers see'],
  ] as const) {
    admin.createRepository('acme', { name, description });
    admin.addCollaborator(`acme/${name}`, 'dev');
    admin.createLabel(`acme/${name}`, TASK_LABEL);
    admin.createLabel(`acme/${name}`, BRIEF_LABEL);
    admin.createLabel(`acme/${name}`, { name: 'bug', color: '#ee0701' });
  }
  admin.createIssue('acme/orders', {
    as: 'dev',
    title: 'Retry failed card payments',
    body: 'Payments that fail with a network error are retried three times.',
    labels: ['bug'],
  });
}
